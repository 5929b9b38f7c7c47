"""Who sings and who is a machine, on voices of known make; real speech must raise neither doubt."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.speech.acoustics import acoustics, contours
from style2talker.speech.suspicion import FLAGGED_FROM, singing, synthetic
from style2talker.twin.speech import Voice, speak

RATE_HZ = 16_000
TEXT = "The person at the door asked me whether we had seen it, and I said no."


def voiced(semitones_n: np.ndarray, *, rough: float = 0.0, seed: int = 0) -> np.ndarray:
    """A voice on this pitch, semitones above 110 Hz, whose periods differ at random by `rough`."""
    rng = np.random.default_rng(seed)
    hz = 110 * 2 ** (semitones_n / 12)
    cycles = np.cumsum(hz) / RATE_HZ
    lengths = 1 + rough * rng.normal(size=int(cycles[-1]) + 3)
    warped = np.interp(cycles, np.concatenate([[0], np.cumsum(lengths)]), np.arange(len(lengths) + 1))
    audio = sum(np.sin(2 * np.pi * k * warped) / k**1.5 for k in range(1, 25))
    return 0.1 * audio + rng.normal(0, 1e-4, len(hz))


def sung(notes: tuple[int, ...], *, note_s: float, vibrato_semitones: float) -> np.ndarray:
    """Notes with short glides between them and a vibrato of 5.5 Hz."""
    steps_n = np.repeat(np.array(notes, float), round(note_s * RATE_HZ))
    glide = np.hanning(round(0.06 * RATE_HZ))
    smooth_n = np.convolve(np.pad(steps_n, len(glide) // 2, mode="edge"), glide / glide.sum(), "valid")
    time_s = np.arange(len(smooth_n)) / RATE_HZ
    return voiced(smooth_n + vibrato_semitones * np.sin(2 * np.pi * 5.5 * time_s), rough=0.008)


def talked(seed: int) -> np.ndarray:
    """A pitch that never rests, with pauses: three seconds of it."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(3 * RATE_HZ) / RATE_HZ
    glides = sum(rng.uniform(1, 2.5) * np.sin(2 * np.pi * rng.uniform(0.8, 3) * time_s + k) for k in range(3))
    audio = voiced(glides, rough=0.01, seed=seed)
    audio *= np.sin(2 * np.pi * 0.7 * time_s) > -0.8
    return audio + rng.normal(0, 1e-4, len(audio))


@settings(max_examples=12, deadline=None)
@given(
    notes=st.lists(st.integers(0, 14), min_size=4, max_size=6, unique=True).map(tuple),
    note_s=st.floats(0.45, 0.8),
    vibrato=st.floats(0, 0.8),
)
def test_notes_with_and_without_vibrato_are_sung(
    notes: tuple[int, ...], note_s: float, vibrato: float
) -> None:
    assert singing(contours(sung(notes, note_s=note_s, vibrato_semitones=vibrato))) > 0.8


@pytest.mark.parametrize("seed", range(5))
def test_gliding_speech_is_not_sung_and_no_machine(seed: int) -> None:
    audio = talked(seed)
    heard = contours(audio)
    assert singing(heard) < 0.1
    assert synthetic(audio, heard, acoustics(audio, known=heard)) < 0.2


def test_one_held_vowel_is_no_song() -> None:
    audio = np.concatenate([talked(1), sung((5,), note_s=0.7, vibrato_semitones=0.1)])
    assert singing(contours(audio)) < FLAGGED_FROM


@pytest.mark.parametrize("name", ["en-us", "en-us+f2", "en-us+m3", "en-us+klatt2"])
def test_formant_synthesis_is_found(name: str) -> None:
    audio = speak(TEXT, voice=Voice(name=name)).audio
    heard = contours(audio)
    assert synthetic(audio, heard, acoustics(audio, known=heard)) >= FLAGGED_FROM


def test_cycles_too_much_alike_and_silent_gaps_are_each_enough() -> None:
    def doubt(audio: np.ndarray) -> float:
        heard = contours(audio)
        return synthetic(audio, heard, acoustics(audio, known=heard))

    pitch = 2 * np.sin(np.arange(2 * RATE_HZ) / RATE_HZ * 7)
    human = voiced(pitch, rough=0.01)
    assert doubt(human) < 0.1
    assert doubt(voiced(pitch, rough=0.001)) > 0.9
    cut = human.copy()
    cut[RATE_HZ // 2 : RATE_HZ] = 0
    assert doubt(cut) > 0.9
    padded = np.pad(human, RATE_HZ)  # silence around speech is an editor's, and no sign
    assert doubt(padded) < 0.1


def test_nobody_raises_no_doubt(nobody: np.ndarray) -> None:
    heard = contours(nobody)
    assert 0 <= singing(heard) <= 1
    if not (heard.pitch_hz_t > 0).any():
        assert singing(heard) == synthetic(nobody, heard, acoustics(nobody, known=heard)) == 0


@pytest.mark.parametrize("folder", ["clips", "audio_emodb"])
def test_real_speech_raises_no_flag(shared_data: Path, folder: str) -> None:
    from style2talker.media.audio import load_speech

    doubts = []
    for path in sorted((shared_data / folder).iterdir()):
        audio = load_speech(path)[: 8 * RATE_HZ]
        heard = contours(audio)
        doubts.append((singing(heard), synthetic(audio, heard, acoustics(audio, known=heard))))
    assert len(doubts) >= 15
    assert np.max(doubts) < FLAGGED_FROM
