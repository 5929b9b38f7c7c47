"""Perceptual hashes: what the ear and eye call the same stays near, all else is as far as chance."""

import cv2
import numpy as np
import pytest
from skimage import data

from style2talker.media.fingerprint import SILENT, audio_hash, picture_hash
from style2talker.media.mel import log_mel

RATE_HZ = 16_000


def voice(seed: int, *, seconds: float = 4.0) -> np.ndarray:
    """Harmonics of a wandering pitch under wandering formants: as varied as speech, and nobody's."""
    rng = np.random.default_rng(seed)
    num = int(seconds * RATE_HZ)

    def wander(low: float, high: float, rate_hz: float) -> np.ndarray:
        knots = rng.uniform(low, high, int(seconds * rate_hz) + 2)
        return np.interp(np.arange(num) / RATE_HZ * rate_hz, np.arange(len(knots)), knots)

    phase = 2 * np.pi * np.cumsum(wander(90, 220, 4)) / RATE_HZ
    formants = [wander(300, 900, 8), wander(900, 2300, 8)]
    pitch_hz = np.gradient(phase) * RATE_HZ / (2 * np.pi)
    parts = (
        np.sin(k * phase) * sum(np.exp(-(((k * pitch_hz - f) / 150) ** 2)) for f in formants)
        for k in range(1, 20)
    )
    return np.asarray(sum(parts)) * wander(0.1, 1, 6) * 0.1


def errors(a: np.ndarray, b: np.ndarray) -> float:
    """Share of differing bits where both have sound, as far as the shorter goes."""
    a, b = a[: len(b)], b[: len(a)]
    both = (a != SILENT) & (b != SILENT)
    return float(np.bitwise_count((a ^ b)[both].view(np.uint32)).mean() / 32)


def test_a_recording_is_known_by_its_sound_whatever_was_done_to_it() -> None:
    sound = voice(0)
    plain = audio_hash(log_mel(sound))
    assert plain.dtype == np.int32
    assert len(plain) == (4 * 80 + 1 - 30) // 4
    noise = np.random.default_rng(0).normal(size=len(sound)) * sound.std()
    for changed, most in (
        (sound / 2, 0.02),
        (sound + noise / 50, 0.1),
        (sound[320:], 0.2),
        (sound[800:], 0.02),
    ):
        shift = 1 if len(changed) == len(sound) - 800 else 0
        assert errors(plain[shift:], audio_hash(log_mel(changed))) <= most
    others = [errors(plain, audio_hash(log_mel(voice(seed)))) for seed in range(1, 20)]
    assert min(others) > 0.4
    assert np.mean(others) == pytest.approx(0.5, abs=0.02)


def test_silence_is_no_likeness() -> None:
    sound = voice(1)
    sound[24_000:48_000] = 1e-6
    hashed = audio_hash(log_mel(sound))
    assert (hashed[36:46] == SILENT).all()
    assert (hashed[:20] != SILENT).all()
    assert not (audio_hash(log_mel(np.zeros(RATE_HZ))) != SILENT).any()
    assert len(audio_hash(log_mel(np.ones(1000)))) == 0


def test_a_picture_is_known_whatever_its_size_and_quality() -> None:
    face = np.ascontiguousarray(data.astronaut()[0:256, 96:352])
    plain = picture_hash(face)
    assert -(2**63) <= plain < 2**63
    assert (plain % 2**64).bit_count() == 32
    small = cv2.resize(face, (128, 128), interpolation=cv2.INTER_AREA)
    rough = cv2.imdecode(cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_COLOR)
    for changed in (small, rough, (face * 0.8).astype(np.uint8)):
        assert distance(plain, picture_hash(changed)) <= 4
    for other in (face[::-1], data.chelsea()[:256, 60:316], data.coffee()[:256, :256]):
        assert distance(plain, picture_hash(np.ascontiguousarray(other))) > 16


def distance(a: int, b: int) -> int:
    return ((a ^ b) % 2**64).bit_count()
