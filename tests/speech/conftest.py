import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.speech.transcript import Transcriber
from style2talker.twin.speech import Speech, Voice, speak

RATE_HZ = 16_000


@pytest.fixture(scope="session")
def spoken() -> Speech:
    """A sentence whose words and times are known."""
    return speak("What a surprise, I did not expect that at all.", voice=Voice())


@pytest.fixture(scope="session")
def transcriber() -> Transcriber:
    try:
        return Transcriber()
    except UserError as error:
        pytest.skip(f"no speech recogniser: {error}")


def _music() -> np.ndarray:
    """Eight seconds of plucked chords over a beat of noise."""
    time_s = np.arange(8 * RATE_HZ) / RATE_HZ
    audio = np.zeros(len(time_s))
    for start in range(16):
        since_s = np.maximum(time_s - start / 2, 0)
        ring = np.where(time_s >= start / 2, np.exp(-3 * since_s), 0)
        for semitones in ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7))[start % 4]:
            for harmonic in range(1, 6):
                hz = 196 * 2 ** (semitones / 12) * harmonic
                audio += 0.05 / harmonic * ring * np.sin(2 * np.pi * hz * since_s)
        audio += 0.1 * ring**8 * np.random.default_rng(start).normal(size=len(time_s))
    return audio.astype(np.float32)


def _noise() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, 4 * RATE_HZ).astype(np.float32)


def _tone() -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 220 * np.arange(4 * RATE_HZ) / RATE_HZ)).astype(np.float32)


NOBODY = {
    "music": _music(),
    "noise": _noise(),
    "tone": _tone(),
    "silence": np.zeros(3 * RATE_HZ, np.float32),
    "a tenth of a second": np.zeros(RATE_HZ // 10, np.float32),
    "a tenth of a second of noise": _noise()[: RATE_HZ // 10],
    "one sample": np.ones(1, np.float32),
    "nothing": np.zeros(0, np.float32),
}


@pytest.fixture(params=NOBODY.values(), ids=list(NOBODY))
def nobody(request: pytest.FixtureRequest) -> np.ndarray:
    """Audio in which nobody speaks."""
    return request.param
