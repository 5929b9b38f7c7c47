"""Judge: what all witnesses say of a clip in, its labels out. No model runs here.

Reads    see: net_probability, unit_readings, frontal, picture; sync: all of its columns;
         transcribe: hearing; the column of each annotator; what lies outside the clip
Writes   emotion, emotion_level, emotion_probability, action_units, opinions, agreement, confidence, flags,
         corrected
Rejects  dropped_by_review
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import pyarrow as pa

from pipelines.annotator import Annotator, column_of
from pipelines.neutrals import whole_readings
from pipelines.stage import Row, Stage, Work
from style2talker.corpus.corrections import DROP, DROPPED
from style2talker.corpus.schema import FRAME_RATE_HZ, JUDGE_FIELDS
from style2talker.emotion.agreement import TRUST
from style2talker.emotion.calibration import CURVE
from style2talker.emotion.flags import CONFLICT, SUSPICIOUS, flags_of
from style2talker.emotion.judgement import LABEL_SURENESS, corrected_units, judge, level_of
from style2talker.emotion.opinion import Modality, Opinion
from style2talker.errors import Reject
from style2talker.media.footage import Footage
from style2talker.speech.sync_result import Sync


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeConfig:
    witnesses: tuple[tuple[str, Modality], ...] = ()
    """Each annotator's name and what it goes by."""
    trust: tuple[tuple[str, float], ...] = tuple(TRUST.items())
    """The rules' constants are part of the recipe: this one of agreement.py..."""
    label_sureness: float = LABEL_SURENESS
    curve: tuple[float, float, float] = CURVE
    """... that of calibration.py..."""
    limits: tuple[float, float] = (CONFLICT, SUSPICIOUS)
    """... and those of flags.py."""


def make(config: JudgeConfig, footage: Footage, *, voice_model: str | None) -> Work:
    from style2talker.emotion.action_units import action_units, emotion_level
    from style2talker.emotion.picture import Picture
    from style2talker.emotion.voice import VoiceModel

    voice = VoiceModel.load(voice_model) if voice_model else None

    def run(clip: Row) -> Row:
        context, readings_r2 = clip["context"], whole_readings(clip)
        if context.neutral is not None:
            own = context.neutral.without(clip["clip_id"], clip["net_probability"], readings_r2)
            context = replace(context, neutral=own)
        correction = context.correction
        if correction is not None and correction.verdict == DROP:
            raise Reject(DROPPED, f"{correction.author} dropped it in review ({correction.time_utc}).")
        annotated: dict[str, tuple[Modality, Opinion]] = {
            name: (modality, Opinion.from_row(clip[column_of(name)])) for name, modality in config.witnesses
        }
        neutral_r2 = context.neutral.reading_r2 if context.neutral else None
        judged = judge(clip["net_probability"], readings_r2, annotated, context, voice=voice)
        seen = emotion_level(judged.emotion, readings_r2, neutral_r2=neutral_r2)
        units = action_units(readings_r2, neutral_r2=neutral_r2)
        if correction is not None and correction.action_units is not None:
            units = corrected_units(correction.action_units)
        flags = flags_of(
            conflicts=judged.conflicts,
            opinions=judged.opinions,
            picture=Picture(**clip["picture"]) if clip["picture"] else None,
            sync=_sync(clip),
            is_heard_whole=clip["hearing"]["kept"] if clip["hearing"] else None,
        )
        return {
            "clip_id": clip["clip_id"],
            "emotion": judged.emotion,
            "emotion_level": level_of(seen, judged.emotion, context),
            "emotion_probability": judged.probability_e,
            "action_units": [asdict(unit) for unit in units],
            "opinions": [
                {"name": name, "modality": judged.modalities[name], **opinion.row()}
                for name, opinion in judged.opinions.items()
            ],
            "agreement": judged.agreement,
            "confidence": judged.confidence,
            "flags": flags,
            "corrected": correction and {"author": correction.author, "time_utc": correction.time_utc},
        }

    return run


def _sync(clip: Row) -> Sync:
    """How far apart sound and lips are after the shift that the card asked for."""
    shift_frames = FRAME_RATE_HZ * clip["audio_shift_s"]
    return Sync(
        offset_frames=(clip["sync_offset_frames"] or 0.0) - shift_frames,
        confidence=clip["sync_confidence"] or 0.0,
    )


def stage(annotators: Sequence[Annotator] = (), *, voice_model: str | None = None) -> Stage:
    """The stage that hears these annotators besides the face.

    Args:
        voice_model: of the `voice` annotator, whose recipe holds its hash; None is the one that ships.
    """
    return Stage(
        name="judge",
        version=3,
        schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *JUDGE_FIELDS]),
        config=JudgeConfig(witnesses=tuple((each.name, each.modality) for each in annotators)),
        make=partial(make, voice_model=voice_model),
        reads={
            "sync": ("sync_offset_frames", "sync_confidence", "audio_shift_s"),
            "transcribe": ("hearing",),
            "see": ("net_probability", "unit_readings", "frontal", "picture"),
            **{each.name: (column_of(each.name),) for each in annotators},
        },
        libraries=("numpy", "opencv-python-headless", "scipy"),
        isolated=True,
        told=True,
    )


STAGE = stage()
