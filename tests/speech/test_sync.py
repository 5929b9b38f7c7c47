"""Sync on talkers whose truth is known: the twin's rules move a mouth to voices that it never heard."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import UserError
from style2talker.face.model import embedded as face_model
from style2talker.speech.sync import LARGEST_FRAMES, MARGIN_S, samples_for, sync_offset
from style2talker.speech.sync_learn import learn
from style2talker.speech.sync_model import embedded, load_model, model_bytes
from style2talker.speech.sync_result import IN_SYNC_FRAMES, SURE, UNKNOWN, Sync
from style2talker.twin.acting import perform
from style2talker.twin.identity import LOOKS
from style2talker.twin.sentences import SENTENCES

RATE_HZ = 16_000
SAMPLES_PER_FRAME = 640
JAW_REACH_CM = 3.0
PEOPLE = range(len(LOOKS))


@dataclass(frozen=True)
class Talker:
    audio_n: np.ndarray
    landmarks_tl3: np.ndarray

    def sound(self, *, late_frames: float = 0.0) -> np.ndarray:
        """What `sync_offset` wants, silence around it, with the speech later by so much."""
        margin = round(MARGIN_S * RATE_HZ)
        first = round(late_frames * SAMPLES_PER_FRAME) + margin
        audio_n = np.zeros(samples_for(len(self.landmarks_tl3)) + 4 * margin, np.float32)
        audio_n[first + margin :][: len(self.audio_n)] = self.audio_n
        return audio_n[margin:][: samples_for(len(self.landmarks_tl3))]


@cache
def talker(person: int) -> Talker:
    act = perform(
        SENTENCES[person],
        emotion=("happy", "angry", "neutral")[person % 3],
        level=2,
        voice=LOOKS[person].voice,
        jaw_reach_cm=JAW_REACH_CM,
        rng=np.random.default_rng(person),
    )
    model = face_model()
    landmarks_tl3 = model.shape(np.zeros(len(model.identity_kv3)), act.expression_tk)
    tremble = np.random.default_rng(person).normal(0, 0.01, landmarks_tl3.shape)  # cm, as the tracker's
    return Talker(audio_n=act.audio_n, landmarks_tl3=landmarks_tl3 + tremble)


@settings(max_examples=30, deadline=None)
@given(person=st.sampled_from(PEOPLE), late_frames=st.floats(-12, 12))
def test_sound_that_is_later_by_k_frames_is_found_k_frames_later(person: int, late_frames: float) -> None:
    there, moved = (
        sync_offset(talker(person).sound(late_frames=k), talker(person).landmarks_tl3)
        for k in (0, late_frames)
    )
    assert abs(there.offset_frames) < 1
    assert moved.offset_frames - there.offset_frames == pytest.approx(late_frames, abs=0.5)
    assert moved.confidence > SURE


def test_backwards_what_was_late_is_early() -> None:
    for person in PEOPLE:
        one = talker(person)
        late = sync_offset(one.sound(late_frames=7), one.landmarks_tl3)
        backwards = sync_offset(one.sound(late_frames=7)[::-1], one.landmarks_tl3[::-1])
        # a picture is of its frame's beginning, backwards of its end; and the net never heard such speech
        follows = backwards.offset_frames == pytest.approx(1 - late.offset_frames, abs=2)
        assert late.is_off()
        assert follows or backwards.confidence < late.confidence


def test_somebody_else_s_sound_is_no_evidence() -> None:
    said = [
        sync_offset(other_sound(person, step), talker(person).landmarks_tl3)
        for person in PEOPLE
        for step in range(1, len(PEOPLE))
    ]
    own = [sync_offset(talker(person).sound(), talker(person).landmarks_tl3).confidence for person in PEOPLE]
    confidences = np.array([sync.confidence for sync in said])
    assert min(own) > SURE
    assert np.median(confidences) < 0.4
    assert (confidences > SURE).mean() <= 0.1
    assert np.ptp([sync.offset_frames for sync in said]) > 5  # the peaks lie anywhere


def other_sound(person: int, step: int) -> np.ndarray:
    wanted = samples_for(len(talker(person).landmarks_tl3))
    return np.resize(talker((person + step) % len(PEOPLE)).sound(), wanted)


def test_nothing_to_go_by_is_no_answer() -> None:
    one = talker(1)
    sound, landmarks_tl3 = one.sound(), one.landmarks_tl3
    assert sync_offset(np.zeros_like(sound), landmarks_tl3) == UNKNOWN
    assert sync_offset(sound, np.full_like(landmarks_tl3, np.nan)) == UNKNOWN
    assert sync_offset(sound[: samples_for(20)], landmarks_tl3[:20]) == UNKNOWN
    still = landmarks_tl3[:1] + np.random.default_rng(0).normal(0, 0.01, landmarks_tl3.shape)
    assert sync_offset(sound, still).confidence < 0.1
    hum = 0.1 * np.sin(2 * np.pi * 220 * np.arange(len(sound)) / RATE_HZ)
    assert sync_offset(hum.astype(np.float32), landmarks_tl3).confidence < 0.1


def test_neither_loudness_nor_distance_nor_a_lost_face_for_a_moment_matters() -> None:
    one = talker(2)
    plain = sync_offset(one.sound(late_frames=3), one.landmarks_tl3)
    quiet = sync_offset(one.sound(late_frames=3) * 0.1, one.landmarks_tl3 * 7 + 100)
    assert quiet.offset_frames == pytest.approx(plain.offset_frames, abs=0.1)
    lost_tl3 = one.landmarks_tl3.copy()
    lost_tl3[20:24] = np.nan
    assert sync_offset(one.sound(late_frames=3), lost_tl3).offset_frames == pytest.approx(3, abs=1)


def test_an_offset_that_is_not_searched_is_not_claimed() -> None:
    one = talker(3)
    far = sync_offset(one.sound(late_frames=LARGEST_FRAMES + 10), one.landmarks_tl3)
    assert far.confidence < SURE


def test_off_is_only_what_is_surely_off() -> None:
    assert Sync(offset_frames=-3.0, confidence=0.95).is_off()
    assert not Sync(offset_frames=3.0, confidence=SURE - 0.1).is_off()
    assert not Sync(offset_frames=IN_SYNC_FRAMES, confidence=1.0).is_off()


def test_sound_of_another_length_is_refused() -> None:
    one = talker(4)
    with pytest.raises(UserError, match=r"from 0\.8 s before the pictures"):
        sync_offset(one.audio_n, one.landmarks_tl3)


def test_a_model_is_the_same_after_reading_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(model_bytes(embedded()))
    assert model_bytes(load_model(file)) == model_bytes(embedded())
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(UserError, match="no sync model"):
        load_model(file)


def test_the_recipe_learns_to_find_an_offset_from_a_few_drawn_talkers() -> None:
    model = learn(num_talks=40, num_to_calibrate=8)
    found = [
        sync_offset(talker(person).sound(late_frames=late), talker(person).landmarks_tl3, model=model)
        for person, late in zip(PEOPLE, (-9, -5, -2, 3, 6, 10), strict=True)
    ]
    errors = [sync.offset_frames - late for sync, late in zip(found, (-9, -5, -2, 3, 6, 10), strict=True)]
    assert sum(abs(error) <= 1 for error in errors) >= 5
    assert model_bytes(model) != model_bytes(embedded())
