"""The mel that every lip-sync network of this family was trained on."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.media.mel import log_mel, mel_filters, mel_windows


def reference_mel(audio_n: np.ndarray) -> np.ndarray:
    """The same definition written with librosa's parts."""
    emphasised_n = librosa.effects.preemphasis(audio_n, coef=0.97, zi=[0.0])
    spectrum_fm = librosa.stft(emphasised_n, n_fft=800, hop_length=200, win_length=800, pad_mode="reflect")
    filters_kf = librosa.filters.mel(sr=16_000, n_fft=800, n_mels=80, fmin=55, fmax=7600)
    level_db_km = 20 * np.log10(np.maximum(1e-5, filters_kf @ np.abs(spectrum_fm))) - 20
    return np.clip(8 * (level_db_km + 100) / 100 - 4, -4, 4).T


def test_it_equals_the_reference():
    audio_n = (0.1 * np.random.default_rng(0).normal(size=16_123)).astype(np.float32)
    assert log_mel(audio_n).shape == (1 + 16_123 // 200, 80)
    assert np.abs(log_mel(audio_n) - reference_mel(audio_n)).max() < 1e-4


def test_filters_equal_librosas():
    reference_kf = librosa.filters.mel(sr=16_000, n_fft=800, n_mels=80, fmin=55, fmax=7600)
    assert np.allclose(mel_filters(), reference_kf, atol=1e-8)


@settings(max_examples=20)
@given(st.integers(401, 40_000), st.floats(0, 1))
def test_it_stays_in_range_and_has_80_steps_per_second(num_samples, level):
    mel_mk = log_mel(level * np.random.default_rng(1).uniform(-1, 1, num_samples))
    assert mel_mk.shape == (1 + num_samples // 200, 80)
    assert mel_mk.dtype == np.float32
    assert np.abs(mel_mk).max() <= 4


def test_silence_is_the_floor():
    assert np.all(log_mel(np.zeros(8000)) == -4)


def test_a_long_recording_is_computed_in_blocks_without_seams():
    audio_n = (0.1 * np.random.default_rng(2).normal(size=5000 * 200)).astype(np.float32)
    around = slice(4090, 4102)
    alone_mk = log_mel(audio_n[4000 * 200 : 4200 * 200])
    assert np.allclose(log_mel(audio_n)[around], alone_mk[90:102], atol=1e-4)


def test_a_tone_lights_the_band_of_its_pitch_at_its_time():
    audio_n = np.zeros(16_000, np.float32)
    audio_n[8000:12_000] = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(4000) / 16_000)
    mel_mk = log_mel(audio_n)
    centre_hz = mel_filters().argmax(axis=1) * 20
    assert centre_hz[mel_mk[50].argmax()] == pytest.approx(1000, abs=40)
    assert mel_mk[50].max() > mel_mk[30].max() + 4


@pytest.mark.parametrize(("frame", "first"), [(0, -6), (1, -3), (2, 0), (3, 3), (4, 6), (27, 80)])
def test_windows_start_where_the_paper_starts_them(frame, first):
    mel_mk = np.repeat(np.arange(200, dtype=np.float32)[:, None], 80, axis=1)
    windows_twk = mel_windows(mel_mk, 40)
    assert windows_twk.shape == (40, 16, 80)
    assert windows_twk[frame, :, 0].tolist() == [max(first + step, 0) for step in range(16)]


def test_windows_repeat_the_last_step_at_the_end():
    mel_mk = np.repeat(np.arange(81, dtype=np.float32)[:, None], 80, axis=1)
    assert mel_windows(mel_mk, 25)[-1, -1, 0] == 80


@pytest.mark.parametrize("audio", [np.zeros(400), np.zeros((2, 4000))])
def test_audio_that_has_no_mel(audio):
    with pytest.raises(UserError, match="log_mel got shape"):
        log_mel(audio)
