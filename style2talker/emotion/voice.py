"""What a voice says of its speaker's emotion: acoustic features in, a posterior over eight emotions out.

A clip is taken as the sum of a typical voice, what its speaker always does, what the emotion does, and
chance, each Gaussian. Where the speaker's neutral is known it takes the place of the first two; where not,
speakers differ by so much that the posterior is soft. An emotion's profile is believed only so far (`trust`):
for the rest its clips may sound like any other emotion's, so an emotion without a profile keeps its prior.
The model that ships is made from published findings (voice_profiles.py); `voice_learning` sharpens it.

Axes: E emotions, D measures, K kinds of voice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from scipy.special import logsumexp

from style2talker.emotion import voice_profiles as published
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import UserError
from style2talker.speech.acoustics import Acoustics

KIND = "voice-emotion-1"
_SMALLEST_RANGE_SEMITONES = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceModel:
    """Measures in the order of `voice_profiles.MEASURES`.

    Attributes:
        typical_kd: [K, D] typical neutral voices, equally frequent.
        between_d: [D] standard deviation between speakers of a kind.
        within_dd: [D, D] covariance between one speaker's portrayals of one emotion.
        effect_ed: [E, D] what an emotion adds.
        trust_e: [E] in [0, 1], how far its profile is believed.
        prior_e: [E], adds up to one.
    """

    typical_kd: np.ndarray
    between_d: np.ndarray
    within_dd: np.ndarray
    effect_ed: np.ndarray
    trust_e: np.ndarray
    prior_e: np.ndarray

    def sha256(self) -> str:
        """Hash of the numbers, for fingerprints."""
        arrays = (np.asarray(getattr(self, f.name), "<f8").tobytes() for f in fields(self))
        return sha256(b"".join(arrays)).hexdigest()

    def save(self, path: str | Path) -> None:
        """Write a .safetensors file."""
        from safetensors.numpy import save_file

        arrays = {f.name: np.ascontiguousarray(getattr(self, f.name), float) for f in fields(self)}
        named = {"kind": KIND, "measures": ",".join(published.MEASURES), "emotions": ",".join(EMOTIONS)}
        save_file(arrays, path, metadata=named)

    @classmethod
    def load(cls, path: str | Path) -> "VoiceModel":
        """Read what `save` wrote. Raises `UserError` for any other file."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "numpy") as file:
                named = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        except (SafetensorError, OSError) as error:
            raise UserError(
                f"{path} cannot be read as a voice model ({error}); make one with `style2talker voice learn`."
            ) from error
        measures = named.get("measures")
        if named.get("kind") != KIND or measures != ",".join(published.MEASURES):
            raise UserError(
                f"{path} is of kind {named.get('kind')!r} with the measures {measures}, expected {KIND!r} "
                f"with {','.join(published.MEASURES)}; learn it again with this version."
            )
        return cls(**arrays)


@cache
def shipped() -> VoiceModel:
    """The model from published findings alone."""
    return VoiceModel(
        typical_kd=published.TYPICAL_KD,
        between_d=published.BETWEEN_D,
        within_dd=published.within_dd(),
        effect_ed=published.EFFECT_ED,
        trust_e=published.TRUST_E,
        prior_e=published.PRIOR_E,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceEmotion:
    """Attributes:
    probability_e: [E], adds up to one.
    arousal: in (-1, 1), 0 is a neutral voice.
    valence: in (-1, 1), expected over the emotions; a voice says little of it.
    """

    probability_e: np.ndarray
    arousal: float
    valence: float


def measures_of(features: Acoustics) -> np.ndarray:
    """[D] numbers that the model goes by, NaN where the clip does not say."""
    heard_range = max(features.pitch_range_semitones, _SMALLEST_RANGE_SEMITONES)  # NaN stays NaN
    return np.array(
        [
            12 * np.log2(features.pitch_hz / 27.5),
            np.log2(heard_range if features.pitch_range_semitones >= 0 else np.nan),
            features.pitch_slope_semitones_per_s,
            features.syllables_per_s,
            features.alpha_ratio_db,
            features.loudness_db,
            features.loudness_range_db,
            features.harmonicity_db,
        ]
    )


def acoustics_from(measures: Mapping[str, float]) -> Acoustics:
    """The features that a `voice` opinion keeps among its measures; what it lacks is NaN."""
    return Acoustics(**{name: float(measures.get(name, np.nan)) for name in Acoustics.__slots__})


def voice_emotion(
    measures_d: np.ndarray,
    *,
    neutral_d: np.ndarray | None = None,
    neutral_clips: int = 4,
    model: VoiceModel | None = None,
) -> VoiceEmotion:
    """Posterior, arousal and valence of one clip.

    Args:
        measures_d: `measures_of(acoustics(audio))`; what is NaN is left out, all NaN gives the prior.
        neutral_d: the same of the speaker's neutral speech, the mean over its clips...
        neutral_clips: ...and how many they were: a neutral from one clip is as uncertain as that clip.
        model: `shipped()` by default.
    """
    model = shipped() if model is None else model
    is_known = np.isfinite(measures_d)
    if neutral_d is not None:
        is_known &= np.isfinite(neutral_d)
    base_kd = model.typical_kd if neutral_d is None else neutral_d[None]
    base_dd = np.diag(model.between_d**2) if neutral_d is None else model.within_dd / neutral_clips
    covariance_dd = (model.within_dd + base_dd)[np.ix_(is_known, is_known)]
    off_kd = (measures_d - base_kd)[:, is_known]
    off_ked = off_kd[:, None] - model.effect_ed[:, is_known]
    distance_ke = np.einsum("ked,df,kef->ke", off_ked, np.linalg.pinv(covariance_dd), off_ked)
    own_e = logsumexp(-0.5 * distance_ke, axis=0)
    likelihood_e = np.exp(own_e - own_e.max())
    believed_e = model.prior_e * model.trust_e
    anyone = believed_e @ likelihood_e / max(believed_e.sum(), 1e-12)
    joint_e = model.prior_e * (model.trust_e * likelihood_e + (1 - model.trust_e) * anyone)
    probability_e = joint_e / joint_e.sum()
    kind_k = np.asarray(logsumexp(-0.5 * distance_ke, axis=1, b=model.prior_e))
    weight_k = np.exp(kind_k - kind_k.max())
    return VoiceEmotion(
        probability_e=probability_e.astype(np.float32),
        arousal=_arousal(measures_d - weight_k @ base_kd / weight_k.sum(), np.diag(base_dd), model),
        valence=float(probability_e @ published.VALENCE_E),
    )


def voice_probability(
    features: Acoustics,
    neutral: Acoustics | None = None,
    *,
    neutral_clips: int = 4,
    model: VoiceModel | None = None,
) -> np.ndarray:
    """float32 [E] of one clip's features, relative to the speaker's neutral where there is one."""
    neutral_d = None if neutral is None else measures_of(neutral)
    return voice_emotion(
        measures_of(features), neutral_d=neutral_d, neutral_clips=neutral_clips, model=model
    ).probability_e


def _arousal(off_d: np.ndarray, spread_d: np.ndarray, model: VoiceModel) -> float:
    """Mean deviation of what arousal goes by, each counting as far as speakers do not differ in it."""
    within_d = np.diag(model.within_dd)
    weight_d = published.AROUSAL_D * within_d / (within_d + spread_d) * np.isfinite(off_d)
    deviation_d = np.nan_to_num(off_d) / np.sqrt(within_d + spread_d)
    return float(np.tanh(weight_d @ deviation_d / max(weight_d.sum(), 1e-12) / 1.5))
