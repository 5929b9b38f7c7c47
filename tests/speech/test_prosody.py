"""One pitch and one loudness for each video frame."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.speech.prosody import QUIETEST_DB, prosody
from style2talker.twin.speech import Voice, speak

RATE_HZ = 16_000
FRAME = 640


def tone(hz: float, duration_s: float, harmonics: int = 1) -> np.ndarray:
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    waves = [np.sin(2 * np.pi * hz * k * time_s) / k for k in range(1, harmonics + 1)]
    return (0.2 * np.sum(waves, axis=0)).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(hz=st.floats(75, 450), harmonics=st.integers(1, 8))
def test_the_pitch_of_a_tone_is_its_frequency(hz: float, harmonics: int) -> None:
    pitch_hz_t = prosody(tone(hz, 1.0, harmonics), 25).pitch_hz_t[2:-2]
    np.testing.assert_allclose(pitch_hz_t, hz, rtol=0.005)


def test_a_missing_fundamental_is_still_heard() -> None:
    time_s = np.arange(RATE_HZ) / RATE_HZ
    audio = np.sum([np.sin(2 * np.pi * 120 * k * time_s) for k in (3, 4, 5)], axis=0) / 10
    np.testing.assert_allclose(prosody(audio, 25).pitch_hz_t[2:-2], 120, rtol=0.01)


def test_frames_are_on_the_videos_clock() -> None:
    audio = np.concatenate([np.zeros(10 * FRAME), tone(200, 0.4), np.zeros(10 * FRAME)])
    heard = prosody(audio, 30)
    loud_t = heard.energy_db_t > -30
    assert np.flatnonzero(loud_t).tolist() == list(range(10, 20))
    assert (heard.pitch_hz_t[11:19] > 0).all()
    assert (heard.pitch_hz_t[:9] == 0).all()


def test_energy_is_decibels_of_full_scale() -> None:
    square = np.sign(tone(100, 1.0))
    square[square == 0] = 1
    assert prosody(square, 25).energy_db_t == pytest.approx(np.zeros(25))
    assert prosody(square / 10, 25).energy_db_t == pytest.approx(np.full(25, -20), abs=1e-4)


@given(db=st.floats(-30, 0))
@settings(max_examples=20, deadline=None)
def test_loudness_does_not_move_pitch(db: float) -> None:
    audio = tone(150, 0.4, 4)
    quiet = prosody(audio * 10 ** (db / 20), 10)
    np.testing.assert_allclose(quiet.pitch_hz_t, prosody(audio, 10).pitch_hz_t, rtol=1e-3)
    np.testing.assert_allclose(quiet.energy_db_t, prosody(audio, 10).energy_db_t + db, atol=1e-3)


@pytest.mark.parametrize("num_samples", [0, 1, 1600, 25 * FRAME - 1, 40 * FRAME])
def test_there_is_a_value_for_every_frame(num_samples: int) -> None:
    heard = prosody(np.zeros(num_samples, np.float32), 25)
    assert heard.pitch_hz_t.shape == heard.energy_db_t.shape == (25,)
    assert heard.pitch_hz_t.dtype == heard.energy_db_t.dtype == np.float32
    assert not heard.pitch_hz_t.any()
    assert (heard.energy_db_t == QUIETEST_DB).all()


def test_no_frames() -> None:
    assert prosody(tone(100, 1.0), 0).pitch_hz_t.shape == (0,)


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * RATE_HZ)
    assert (prosody(noise, 100).pitch_hz_t > 0).mean() < 0.05


def test_a_higher_voice_has_a_higher_pitch() -> None:
    def middle_hz(pitch: int) -> float:
        audio = speak("We were away a year ago.", voice=Voice(pitch=pitch)).audio
        pitch_hz_t = prosody(audio, len(audio) // FRAME).pitch_hz_t
        return float(np.median(pitch_hz_t[pitch_hz_t > 0]))

    assert middle_hz(20) < middle_hz(50) < middle_hz(80)
