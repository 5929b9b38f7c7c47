"""Sharpen the voice model with labelled clips, and say how well it does on speakers it has not heard.

The published profiles are the prior and count as so many clips each; every clip more moves them. All is
linear and Gaussian (see voice.py), so the answer is the solution of one small system per measure.

Axes: C clips, E emotions, D measures, S speakers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from style2talker.emotion.labelled_voices import LabelledClip
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.emotion.voice import VoiceModel, shipped, voice_emotion

PROFILE_CLIPS = 4.0  # as many clips of an emotion weigh as much as its published profile
TRUST_CLIPS = 10.0  # and as many, as what is known of how far the profile can be believed
COVARIANCE_CLIPS = 30.0
_NEUTRAL = EMOTIONS.index("neutral")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """On clips of speakers that the model has not heard.

    `recall_e` is NaN for an emotion without clips. `log_loss` is in nats; guessing the prior is the mark.
    """

    num_clips: int
    accuracy: float
    recall_e: np.ndarray
    log_loss: float
    confusion_ee: np.ndarray

    @property
    def mean_recall(self) -> float:
        """Over the emotions that have clips."""
        return float(np.nanmean(self.recall_e))


def learn(clips: Sequence[LabelledClip], *, prior: VoiceModel | None = None) -> VoiceModel:
    """The model after hearing `clips`; none of them leaves it as it was.

    Each clip is typical voice + shift of the data set + speaker + emotion + chance; a neutral voice is what
    the emotions are counted from.
    """
    model = shipped() if prior is None else prior
    if not clips:
        return model
    speakers = sorted({clip.speaker for clip in clips})
    emotion_c = np.array([EMOTIONS.index(clip.emotion) for clip in clips])
    speaker_c = np.array([speakers.index(clip.speaker) for clip in clips])
    measures_cd = np.stack([clip.measures_d for clip in clips])
    kind_s = [
        _kind(model, measures_cd[speaker_c == s], emotion_c[speaker_c == s]) for s in range(len(speakers))
    ]
    typical_cd = model.typical_kd[kind_s][speaker_c]
    design_cp = np.concatenate(
        [np.ones((len(clips), 1)), np.eye(len(speakers))[speaker_c], np.eye(len(EMOTIONS))[emotion_c]], axis=1
    )
    fit_pd = np.empty((design_cp.shape[1], measures_cd.shape[1]))
    for d, within in enumerate(np.diag(model.within_dd)):
        mean_p = np.concatenate([np.zeros(1 + len(speakers)), model.effect_ed[:, d]])
        precision_e = np.full(len(EMOTIONS), PROFILE_CLIPS / within)
        precision_e[_NEUTRAL] *= 1e6  # what the others are counted from stays zero
        precision_p = np.concatenate([np.full(1 + len(speakers), model.between_d[d] ** -2), precision_e])
        left_pp = design_cp.T @ design_cp / within + np.diag(precision_p)
        right_p = design_cp.T @ (measures_cd - typical_cd)[:, d] / within + precision_p * mean_p
        fit_pd[:, d] = np.linalg.solve(left_pp, right_p)
    rest_cd = measures_cd - typical_cd - design_cp @ fit_pd
    offset_sd = fit_pd[1 : 1 + len(speakers)]
    num_e = np.bincount(emotion_c, minlength=len(EMOTIONS))
    return replace(
        model,
        typical_kd=model.typical_kd + fit_pd[0],
        between_d=np.sqrt(
            (TRUST_CLIPS * model.between_d**2 + np.square(offset_sd).sum(axis=0))
            / (TRUST_CLIPS + len(speakers))
        ),
        within_dd=(COVARIANCE_CLIPS * model.within_dd + rest_cd.T @ rest_cd)
        / (COVARIANCE_CLIPS + len(clips)),
        effect_ed=fit_pd[1 + len(speakers) :],
        trust_e=(TRUST_CLIPS * model.trust_e + num_e) / (TRUST_CLIPS + num_e),
    )


def score(
    clips: Sequence[LabelledClip],
    *,
    learns: bool = True,
    knows_neutral: bool = False,
    knows_speaker: bool = False,
) -> Score:
    """Each speaker's clips by a model that has heard all others (not `learns`: by the shipped one).

    With `knows_neutral`, relative to the mean of the speaker's other neutral clips; speakers without any are
    left out. With `knows_speaker` the model has heard the speaker's other clips, too: flattering, but it says
    what there is to learn where speakers are few.
    """
    true_c, said_c, losses = [], [], []
    for speaker in sorted({clip.speaker for clip in clips}):
        model = learn([clip for clip in clips if clip.speaker != speaker]) if learns else shipped()
        own = [clip for clip in clips if clip.speaker == speaker]
        for clip in own:
            calm = [c.measures_d for c in own if c.emotion == "neutral" and c is not clip]
            if knows_neutral and not calm:
                continue
            neutral_d = np.mean(calm, axis=0) if knows_neutral else None
            if learns and knows_speaker:
                model = learn([c for c in clips if c is not clip])
            found = voice_emotion(
                clip.measures_d, neutral_d=neutral_d, neutral_clips=max(len(calm), 1), model=model
            )
            true_c.append(EMOTIONS.index(clip.emotion))
            said_c.append(int(np.argmax(found.probability_e)))
            losses.append(-np.log(found.probability_e[true_c[-1]]))
    confusion_ee = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(confusion_ee, (true_c, said_c), 1)
    num_e = confusion_ee.sum(axis=1)
    return Score(
        num_clips=len(true_c),
        accuracy=float(np.trace(confusion_ee) / max(len(true_c), 1)),
        recall_e=np.where(num_e > 0, np.diag(confusion_ee) / np.maximum(num_e, 1), np.nan),
        log_loss=float(np.mean(losses)) if losses else float("nan"),
        confusion_ee=confusion_ee,
    )


def _kind(model: VoiceModel, measures_cd: np.ndarray, emotion_c: np.ndarray) -> int:
    """The typical voice that a speaker's clips, less what their emotions add, come nearest to."""
    calm_d = (measures_cd - model.effect_ed[emotion_c]).mean(axis=0)
    return int(np.argmin((((calm_d - model.typical_kd) / model.between_d) ** 2).sum(axis=1)))
