"""Which action units a clip shows, and how strongly."""

from style2talker.emotion.facs import AU_PROFILES, ONE_SIDED, UNIT_NAMES, blendshapes_of, profile_blendshapes

__all__ = ["AU_PROFILES", "ONE_SIDED", "UNIT_NAMES", "blendshapes_of", "profile_blendshapes"]
