"""Judgement: the labels of one clip, from everything that is known of it. Arithmetic only, no model.

Axes: N nets, E = 8 emotions in the order of `taxonomy.EMOTIONS`, R unit readings.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from style2talker.corpus.corrections import UNIT_LEVELS, UnitMark
from style2talker.emotion.action_units import LEVEL_EDGES, ActionUnit
from style2talker.emotion.agreement import Pair, agreement, conflicts, together, votes_of
from style2talker.emotion.calibration import confidence
from style2talker.emotion.context import Context, Neutral
from style2talker.emotion.facial import face_probability
from style2talker.emotion.facs import UNIT_NAMES
from style2talker.emotion.opinion import Modality, Opinion
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.emotion.voice import VoiceModel, acoustics_from, voice_probability

LABEL_SURENESS = 0.9
"""What a data set's label gives to its emotion; the rest is shared by the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the witnesses say together.

    Attributes:
        emotion: of the largest probability, or the person's who corrected it.
        probability_e: [E], of the witnesses.
        opinions: each witness' own, by name: the face, the annotators, the label.
        modalities: what each of them goes by.
        conflicts: between each two modalities.
        agreement: None where there is only one modality.
        confidence: calibrated; 1 where a person said what it is.
    """

    emotion: str
    probability_e: np.ndarray
    opinions: Mapping[str, Opinion]
    modalities: Mapping[str, Modality]
    conflicts: Mapping[Pair, float]
    agreement: float | None
    confidence: float


def judge(
    net_ne: np.ndarray,
    reading_r2: np.ndarray,
    annotated: Mapping[str, tuple[Modality, Opinion]],
    context: Context,
    *,
    voice: VoiceModel | None = None,
) -> Judgement:
    """The emotion of a clip.

    Args:
        net_ne: the nets' answers.
        reading_r2: the action units' readings.
        annotated: each annotator's opinion.
        context: what lies outside the clip.
        voice: the model of the `voice` annotator, if not the one that ships.
    """
    neutral = context.neutral
    face_e = face_probability(
        net_ne,
        reading_r2,
        neutral_net_ne=neutral.net_ne if neutral else None,
        neutral_r2=neutral.reading_r2 if neutral else None,
    )
    said: dict[str, tuple[Modality, Opinion]] = {"face": ("face", Opinion(probability_e=face_e))}
    said |= {
        name: (m, _from_neutral(name, opinion, neutral, voice)) for name, (m, opinion) in annotated.items()
    }
    if context.given_emotion in EMOTIONS:
        said["label"] = ("label", _label(context.given_emotion))
    votes = votes_of([(m, o.probability_e) for m, o in said.values() if o.probability_e is not None])
    probability_e = together(votes)
    agreed = agreement(votes)
    corrected = context.correction.emotion if context.correction else None
    return Judgement(
        emotion=corrected or EMOTIONS[int(probability_e.argmax())],
        probability_e=probability_e.astype(np.float32),
        opinions={name: opinion for name, (_, opinion) in said.items()},
        modalities={name: modality for name, (modality, _) in said.items()},
        conflicts=conflicts(votes),
        agreement=agreed,
        confidence=1.0 if corrected else confidence(float(probability_e.max()), agreed),
    )


def level_of(seen: int, emotion: str, context: Context) -> int:
    """1, 2 or 3: a person's word, or what is seen; where the data set names the same emotion with a level,
    the mean of both, rounded up."""
    if context.correction and context.correction.level:
        return context.correction.level
    if context.given_emotion == emotion and context.given_level:
        return min(3, max(1, (seen + context.given_level + 1) // 2))
    return seen


def corrected_units(marks: tuple[UnitMark, ...]) -> list[ActionUnit]:
    """The units that a person named; each has the intensity in the middle of its level."""
    edges = (0.0, *LEVEL_EDGES, 1.0)
    units = []
    for mark in sorted(marks):
        step = UNIT_LEVELS.index(mark.level)
        side = "" if mark.side == "both" else f"{mark.side} "
        units.append(
            ActionUnit(
                unit=mark.unit,
                name=side + UNIT_NAMES[mark.unit],
                intensity=round((edges[step] + edges[step + 1]) / 2, 4),
                level=mark.level,
            )
        )
    return units


def _from_neutral(name: str, opinion: Opinion, neutral: Neutral | None, voice: VoiceModel | None) -> Opinion:
    """The voice's opinion relative to the speaker's neutral voice, where that is known."""
    if name != "voice" or opinion.probability_e is None or neutral is None or not neutral.voice:
        return opinion
    probability_e = voice_probability(
        acoustics_from(opinion.measures),
        acoustics_from(neutral.voice),
        neutral_clips=neutral.num_clips,
        model=voice,
    )
    return Opinion(probability_e=probability_e, measures=opinion.measures, text=opinion.text)


def _label(emotion: str) -> Opinion:
    probability_e = np.full(len(EMOTIONS), (1 - LABEL_SURENESS) / (len(EMOTIONS) - 1))
    probability_e[EMOTIONS.index(emotion)] = LABEL_SURENESS
    return Opinion(probability_e=probability_e)
