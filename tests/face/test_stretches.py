"""Who is followed through a video: again after an absence, and never across a cut."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from style2talker.errors import Reject
from style2talker.face import fit_video, stretches
from style2talker.face.follow import Track
from style2talker.face.model import NUM_LANDMARKS, embedded
from style2talker.face.stretches import Followed, follow_video


class FakeTracker:
    """Follows the most frequent number that the frames of a call hold; 0 is no face."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def track(self, frames: Iterable[np.ndarray]) -> Track:
        who_t = np.array([int(frame[0, 0, 0]) for frame in frames])
        self.calls.append(len(who_t))
        faces, counts = np.unique(who_t[who_t > 0], return_counts=True)
        found_t = who_t == (faces[counts.argmax()] if len(faces) else -1)
        landmarks_tl3 = np.where(found_t, who_t, np.nan)[:, None, None] * np.ones((1, NUM_LANDMARKS, 3))
        return Track(
            landmarks_tl3=landmarks_tl3.astype(np.float32),
            blendshapes_tk=np.where(found_t, 0.5, np.nan)[:, None].astype(np.float32) * np.ones((1, 52)),
            found_t=found_t,
            num_faces_t=(who_t > 0).astype(np.int32),
            rival_t=np.zeros(len(who_t), np.float32),
        )


def followed_faces(who: list[int], monkeypatch: pytest.MonkeyPatch) -> tuple[Followed, list[int]]:
    """What is followed where the video shows person `who[t]` at frame t."""
    frames = [np.full((90, 160, 3), 90, np.uint8) for _ in who]
    for frame, number in zip(frames, who, strict=True):
        frame[0, 0, 0] = number  # too little for a cut

    def read_frames(path: str, *, start_s: float, end_s: float | None) -> Iterable[np.ndarray]:
        yield from frames[round(start_s * 25) : None if end_s is None else round(end_s * 25)]

    monkeypatch.setattr(stretches, "read_frames", read_frames)
    monkeypatch.setattr(stretches, "_num_frames", lambda *_, **__: len(frames))
    tracker = FakeTracker()
    return follow_video("a.mp4", tracker, start_s=0.0), tracker.calls  # type: ignore[arg-type]


def test_who_is_not_followed_at_first_is_tracked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    who = [40] * 60 + [41] * 100 + [0] * 30 + [42] * 40 + [0] * 5 + [41] * 5
    followed, calls = followed_faces(who, monkeypatch)
    assert followed.stretches == ((0, 60), (60, 160), (190, 230))
    assert calls[0] == len(who)
    assert sum(calls[1:]) == 100  # only what nobody followed: both other people
    assert (followed.width_px, followed.height_px) == (160, 90)
    np.testing.assert_array_equal(followed.found_t[[0, 100, 170, 200, 232, 238]], [1, 1, 0, 1, 0, 0])
    assert np.isnan(followed.landmarks_tl3[~followed.found_t]).all()


def test_a_cut_parts_what_the_tracker_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [40] * 50 + [0] * 10 + [40] * 40
    assert followed_faces(frames, monkeypatch)[0].stretches == ((0, 100),)
    monkeypatch.setattr(stretches.CutFinder, "cuts", lambda self: [1.2])
    assert followed_faces(frames, monkeypatch)[0].stretches == ((0, 30), (30, 100))


def test_nobody_for_half_a_second_is_a_reject(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    followed, _ = followed_faces([40] * 5 + [0] * 60, monkeypatch)
    assert followed.stretches == ()
    monkeypatch.setattr(fit_video, "follow_video", lambda *_, **__: followed)
    with pytest.raises(Reject, match="none of 65 frames shows a face for half a second"):
        fit_video.fit_video(tmp_path / "a.mp4", model=embedded())
