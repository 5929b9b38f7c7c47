"""Numbers of a voice: right on tones and pulse trains of known make, and blind to what should not matter."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.speech.acoustics import Acoustics, acoustics, contours
from style2talker.twin.speech import Speech, Voice, speak

RATE_HZ = 16_000


def voice(
    hz: np.ndarray, *, decay_db_per_octave: float = 12.0, level_db: np.ndarray | float = 0.0
) -> np.ndarray:
    """A sum of harmonics of a gliding pitch [n]; each octave weaker by so much."""
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    audio = np.zeros(len(hz))
    for k in range(1, 1 + int(7000 / hz.max())):
        audio += np.sin(k * phase) * 10 ** (-decay_db_per_octave * np.log2(k) / 20)
    return 0.1 * audio * 10 ** (np.asarray(level_db) / 20)


def steady(hz: float, duration_s: float = 1.0, **options: float) -> np.ndarray:
    return voice(np.full(round(duration_s * RATE_HZ), hz), **options)


def same(a: Acoustics, b: Acoustics, *, leave_out: tuple[str, ...] = ()) -> None:
    for name, value in asdict(a).items():
        if name not in leave_out:
            assert value == pytest.approx(getattr(b, name), rel=0.02, abs=1e-3), name


@settings(max_examples=25, deadline=None)
@given(hz=st.floats(80, 400))
def test_a_steady_voice_has_its_pitch_and_no_unrest(hz: float) -> None:
    found = acoustics(steady(hz))
    assert found.pitch_hz == pytest.approx(hz, rel=0.005)
    assert found.pitch_range_semitones < 0.05
    assert abs(found.pitch_slope_semitones_per_s) < 0.2
    assert found.jitter < 0.002
    assert found.shimmer_db < 0.15  # at 400 Hz a cycle has 40 samples, and its peak lies between two
    assert found.harmonicity_db > 20


@settings(max_examples=10, deadline=None)
@given(rise=st.floats(-8, 8))
def test_a_glide_has_its_slope_and_range(rise: float) -> None:
    time_s = np.arange(RATE_HZ) / RATE_HZ
    found = acoustics(voice(150 * 2 ** (rise * time_s / 12)))
    assert found.pitch_slope_semitones_per_s == pytest.approx(rise, abs=0.25)
    assert found.pitch_range_semitones == pytest.approx(0.6 * abs(rise), abs=0.15)
    assert found.rough_jitter < 0.002  # a glide is no roughness


def test_more_effort_is_a_brighter_voice() -> None:
    soft, plain, loud = (acoustics(steady(150, decay_db_per_octave=slope)) for slope in (15, 12, 6))
    assert soft.alpha_ratio_db < plain.alpha_ratio_db < loud.alpha_ratio_db
    assert soft.hammarberg_db > plain.hammarberg_db > loud.hammarberg_db
    assert soft.tilt_db_per_khz < plain.tilt_db_per_khz < loud.tilt_db_per_khz


def test_the_alpha_ratio_of_three_tones_is_known() -> None:
    time_s = np.arange(RATE_HZ) / RATE_HZ
    low = sum(np.sin(2 * np.pi * 200 * k * time_s) for k in (1, 2, 3))
    both = 0.01 * (low + np.sqrt(3) * np.sin(2 * np.pi * 2000 * time_s) / 10)
    assert acoustics(both).alpha_ratio_db == pytest.approx(-20, abs=0.3)
    assert acoustics(both).hammarberg_db == pytest.approx(20 - 10 * np.log10(3), abs=0.6)


@pytest.mark.parametrize(
    ("jitter", "shimmer_db"), [(0.0, 0.0), (0.01, 0.0), (0.03, 0.0), (0.0, 0.8), (0.02, 1.2)]
)
def test_unrest_from_cycle_to_cycle_is_measured(jitter: float, shimmer_db: float) -> None:
    """Pulses of known spacing and strength, each ringing as a throat does."""
    rng = np.random.default_rng(0)
    periods_s = (1 + jitter * np.sqrt(np.pi) / 2 * rng.normal(size=300)) / 120
    levels_db = shimmer_db * np.sqrt(np.pi) / 2 * rng.normal(size=300)
    time_s = np.arange(int((periods_s.sum() + 0.1) * RATE_HZ)) / RATE_HZ
    audio = rng.normal(0, 1e-5, len(time_s))
    for start_s, level_db in zip(np.cumsum(periods_s), levels_db, strict=True):
        since_s = time_s[round(start_s * RATE_HZ) :][:160] - start_s
        ring = np.exp(-400 * since_s) * np.sin(2 * np.pi * 500 * since_s)
        audio[round(start_s * RATE_HZ) :][:160] += 0.3 * ring * 10 ** (level_db / 20)
    found = acoustics(audio)
    assert found.jitter == pytest.approx(jitter, abs=0.004, rel=0.25)
    assert found.shimmer_db == pytest.approx(shimmer_db, abs=0.2, rel=0.25)
    assert jitter * 0.5 <= found.rough_jitter <= jitter * 2 + 0.003


def test_noise_in_the_voice_lowers_harmonicity_as_it_should() -> None:
    clean = steady(150, 2.0)
    noise = np.random.default_rng(1).normal(size=len(clean)) * np.std(clean)
    ten_db = acoustics(clean + noise * 10 ** (-10 / 20)).harmonicity_db
    assert ten_db == pytest.approx(10, abs=1.0)
    assert acoustics(clean + noise * 10 ** (-15 / 20)).harmonicity_db > ten_db + 2


@pytest.mark.parametrize("rate", [3.0, 4.0, 5.0])
def test_syllables_are_counted(rate: float) -> None:
    time_s = np.arange(4 * RATE_HZ) / RATE_HZ
    beat_db = -20 + 20 * np.sin(np.pi * rate * time_s) ** 2
    assert acoustics(voice(np.full(len(time_s), 140.0), level_db=beat_db)).syllables_per_s == pytest.approx(
        rate, rel=0.15
    )


def test_faster_speech_has_more_syllables() -> None:
    text = "We were away a year ago, and nobody has ever asked where we had been."
    slow, fast = (
        acoustics(speak(text, voice=Voice(words_per_minute=speed)).audio).syllables_per_s
        for speed in (110, 220)
    )
    assert fast > 1.3 * slow


@settings(max_examples=12, deadline=None)
@given(gain_db=st.floats(-40, 0))
def test_the_recordings_level_moves_loudness_alone(spoken: Speech, gain_db: float) -> None:
    before = acoustics(spoken.audio)
    after = acoustics(spoken.audio * 10 ** (gain_db / 20))
    assert after.loudness_db == pytest.approx(before.loudness_db + gain_db, abs=0.01)
    same(before, after, leave_out=("loudness_db",))


@settings(max_examples=12, deadline=None)
@given(before=st.integers(0, 200), after=st.integers(0, 32_000))
def test_silence_around_it_changes_nothing(spoken: Speech, before: int, after: int) -> None:
    same(acoustics(spoken.audio), acoustics(np.pad(spoken.audio, (before * 160, after))))


def test_a_swapped_wire_changes_nothing(spoken: Speech) -> None:
    same(acoustics(spoken.audio), acoustics(-spoken.audio))


def test_nobody_has_no_voice(nobody: np.ndarray) -> None:
    found = acoustics(nobody)
    heard = contours(nobody)
    assert len(heard.level_db_t) == len(nobody) // 160
    if (heard.pitch_hz_t > 0).sum() < 20:
        assert all(np.isnan(value) for value in asdict(found).values())
    else:  # music and tones have a pitch: numbers, but finite ones
        assert np.isfinite(found.pitch_hz)
