"""Sync: by how much the sound is later than the picture, from what both say of the mouth.

A small net hears how the mouth ought to move (`sync_model`), the tracker saw how it did. The two are compared
at every lag by their correlation, as FaceSync does with a linear operator (Slaney and Covell, NIPS 2000): of
signals that belong together with correlation rho, n frames are exp(-n/2 log(1 - rho^2)) times as likely as
of signals that do not. What this evidence is worth, for frames are not independent and a peak has rivals, is
learned from cases whose truth is known.

Shapes: n samples, M mel steps at 80 Hz, T video frames at 25 Hz, l landmarks, S mouth signals, L lags.
"""

import numpy as np
from scipy.ndimage import uniform_filter1d

from style2talker.corpus.schema import AUDIO_RATE_HZ, FRAME_RATE_HZ
from style2talker.errors import UserError
from style2talker.media.mel import MEL_RATE_HZ
from style2talker.speech.sync_features import mouth_signals, sound_features
from style2talker.speech.sync_model import SyncModel, embedded
from style2talker.speech.sync_result import UNKNOWN, Sync

LARGEST_FRAMES = 15
LAG_STEP = 0.25
LAGS = np.arange(-LARGEST_FRAMES, LARGEST_FRAMES + LAG_STEP / 2, LAG_STEP)
MARGIN_S = 0.8
"""How much sound is wanted before and after the pictures: the largest lag and the net's context."""
LEAST_FRAMES = 25
RIVAL_FRAMES = 1.5
_SLOW_FRAMES = 25  # what moves over more than a second is an emotion or the head
_WHITEN = 0.5  # of the frame before is taken off: slow parts would make the peak broad
_STILL = 0.003  # eye distances by which the tracker trembles on a face at rest
_FAINT = 0.05  # standard deviations that the net makes out of a steady sound


def sync_offset(audio: np.ndarray, landmarks_tl3: np.ndarray, *, model: SyncModel | None = None) -> Sync:
    """The offset of a clip; `UNKNOWN` of silence, of a face that is not seen and of less than a second.

    Args:
        audio: [n] 16 kHz mono, from `MARGIN_S` before the first frame to `MARGIN_S` after the last one.
        landmarks_tl3: [T, 478, 3] of the tracker; NaN without a face.
        model: None is the embedded one.

    Raises:
        UserError: sound of another length, landmarks of another shape.
    """
    num_frames = len(landmarks_tl3)
    wanted = samples_for(num_frames)
    if abs(len(audio) - wanted) > AUDIO_RATE_HZ // FRAME_RATE_HZ:
        raise UserError(
            f"sync_offset got {len(audio)} samples for {num_frames} frames, expected {wanted}; read 16 kHz "
            f"sound from {MARGIN_S:g} s before the pictures to {MARGIN_S:g} s after them."
        )
    signal_ts = mouth_signals(landmarks_tl3)
    if num_frames < LEAST_FRAMES or not np.any(audio) or np.isnan(signal_ts).any():
        return UNKNOWN
    model = model or embedded()
    evidence_l = lag_evidence(model.mouth(sound_features(audio)), signal_ts)
    return Sync(offset_frames=peak(evidence_l), confidence=confidence(evidence_l, model.trust_3))


def samples_for(num_frames: int) -> int:
    """Samples of sound that `sync_offset` wants."""
    return num_frames * AUDIO_RATE_HZ // FRAME_RATE_HZ + 2 * round(MARGIN_S * AUDIO_RATE_HZ)


def lag_evidence(heard_ms: np.ndarray, seen_ts: np.ndarray) -> np.ndarray:
    """How much more likely each lag is than no relation at all, in nats [L], were frames independent.

    Args:
        heard_ms: the mouth by sound, from `MARGIN_S` before the first frame on.
        seen_ts: the mouth in the picture.
    """
    at_tl = (np.arange(len(seen_ts))[:, None] + LAGS) / FRAME_RATE_HZ + MARGIN_S
    step_tl = at_tl * MEL_RATE_HZ
    before_tl = np.clip(step_tl.astype(int), 0, len(heard_ms) - 2)
    part_tl1 = np.clip(step_tl - before_tl, 0, 1)[..., None]
    heard_tls = heard_ms[before_tl] * (1 - part_tl1) + heard_ms[before_tl + 1] * part_tl1
    heard_tls, seen_ts = _quick(heard_tls), _quick(seen_ts)
    product_ls = np.einsum("tls,ts->ls", heard_tls, seen_ts) / len(seen_ts)
    heard_power_ls = np.square(heard_tls).mean(axis=0) + _FAINT**2
    seen_power_s = np.square(seen_ts).mean(axis=0) + _STILL**2
    correlation_ls = np.maximum(product_ls, 0) / np.sqrt(heard_power_ls * seen_power_s)
    return -len(seen_ts) / 2 * np.log1p(-(correlation_ls**2)).sum(axis=1)


def peak(evidence_l: np.ndarray) -> float:
    """The likeliest lag in frames, between the steps by a parabola."""
    best = int(np.argmax(evidence_l))
    if not 0 < best < len(LAGS) - 1:
        return float(LAGS[best])
    left, middle, right = evidence_l[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float(LAGS[best] + (LAG_STEP * (left - right) / (2 * bend) if bend < 0 else 0.0))


def confidence(evidence_l: np.ndarray, trust_3: np.ndarray) -> float:
    """Probability that the peak is right within a frame, by its evidence and by how far it stands out.

    Args:
        trust_3: weights of a logistic regression: of one, of log(1 + nats of the peak), and of log(1 + nats
            by which it exceeds everything that is further from it than `RIVAL_FRAMES`).
    """
    return float(1 / (1 + np.exp(-trust_3 @ peak_features(evidence_l))))


def peak_features(evidence_l: np.ndarray) -> np.ndarray:
    """What `confidence` goes by, [3]."""
    best = int(np.argmax(evidence_l))
    rival = evidence_l[np.abs(LAGS - LAGS[best]) > RIVAL_FRAMES].max()
    return np.array([1.0, np.log1p(evidence_l[best]), np.log1p(evidence_l[best] - rival)])


def _quick(signal: np.ndarray) -> np.ndarray:
    """Without what is slow; the first axis is time, and the result a frame shorter."""
    quick = signal - uniform_filter1d(signal, _SLOW_FRAMES, axis=0, mode="nearest")
    quick = quick[1:] - _WHITEN * quick[:-1]
    return quick - quick.mean(axis=0)
