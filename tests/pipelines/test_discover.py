"""Where clips lie in a source: all its speech, or the parts a reader names, wherever the sound is kept."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.discover import (
    LEAST_LEFT_OUT_S,
    LOUDNESS_WINDOW,
    STAGE,
    _left_out,
    check_unchanged,
    loudest_db,
    within,
)
from pipelines.stage import Row
from style2talker.errors import Reject
from style2talker.media.audio import PIECE_S, read_audio
from style2talker.media.encode import write_video
from style2talker.media.footage import Footage
from style2talker.media.spans import clip_spans
from style2talker.twin.make import ClipSpec, TwinClip, make_clip

TIMES = st.lists(st.integers(0, 1500).map(lambda tick: tick / 25), min_size=2, max_size=12, unique=True).map(
    sorted
)


def test_speech_in_a_shot_too_short_for_a_clip_is_a_reject() -> None:
    voiced, shots = [(0.5, 3.5), (4.1, 5.4), (6.0, 9.0)], [4.0, 5.5]
    (reject,) = _left_out(voiced, clip_spans(voiced, shots, 10.0), shortest_s=2.0)
    assert reject.kind == "too_short"
    assert reject.span_s == (4.1, 5.4)


@given(times=TIMES, shots=TIMES)
def test_every_moment_of_speech_is_in_a_clip_or_in_a_reject(times: list[float], shots: list[float]) -> None:
    voiced = list(zip(times[::2], times[1::2], strict=False))
    spans = clip_spans(voiced, shots, 60.0)
    known = [*spans, *(reject.span_s or (0, 0) for reject in _left_out(voiced, spans, shortest_s=2.0))]
    for start_s, end_s in voiced:
        covered = sum(max(0.0, min(end_s, b) - max(start_s, a)) for a, b in known)
        pieces = sum(1 for a, b in known if a < end_s and b > start_s) + 1
        assert covered >= end_s - start_s - pieces * LEAST_LEFT_OUT_S - 1e-6


@pytest.fixture(scope="module")
def talker() -> TwinClip:
    return make_clip(ClipSpec(identity=0, emotion="happy", level=3))


def found(root: Path, **source: Any) -> list[Row]:
    work = STAGE.make(STAGE.config, Footage(str(root)))
    rows = work({"source_id": "ab" * 32, **source})
    assert isinstance(rows, list)
    return [row for row in rows if not isinstance(row, Reject)]


def test_speech_in_a_file_of_its_own_is_as_good_as_in_the_video(talker: TwinClip, tmp_path: Path) -> None:
    """As MEAD has it: the video is mute, the sound an .m4a beside it."""
    write_video(tmp_path / "both.mp4", talker.frames_thw3, talker.audio_n)
    write_video(tmp_path / "mute.mp4", talker.frames_thw3)
    with av.open(str(tmp_path / "speech.m4a"), "w") as out, av.open(str(tmp_path / "both.mp4")) as both:
        stream = out.add_stream_from_template(both.streams.audio[0])
        for packet in both.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    (own,) = found(tmp_path, source_uri="both.mp4")
    (separate,) = found(tmp_path, source_uri="mute.mp4", audio_uri="speech.m4a")
    names = {"source_uri": "mute.mp4", "audio_uri": "speech.m4a"}
    assert separate == own | names
    hear = read_audio(tmp_path / "speech.m4a", start_s=own["start_s"], end_s=own["end_s"])
    inside = read_audio(tmp_path / "both.mp4", start_s=own["start_s"], end_s=own["end_s"])
    np.testing.assert_allclose(hear, inside, atol=1e-3)
    with pytest.raises(Reject) as caught:
        found(tmp_path, source_uri="mute.mp4")
    assert caught.value.kind == "no_audio"


def test_only_the_named_spans_become_clips(talker: TwinClip, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", talker.frames_thw3, talker.audio_n)
    (whole,) = found(tmp_path, source_uri="a.mp4")
    span_s = whole["start_s"] + 0.1, whole["start_s"] + 2.5
    (part,) = found(tmp_path, source_uri="a.mp4", spans_s=[span_s])
    assert span_s[0] <= part["start_s"] < part["end_s"] <= span_s[1] < whole["end_s"]
    with pytest.raises(Reject, match="no speech"):
        found(tmp_path, source_uri="a.mp4", spans_s=[(whole["end_s"], whole["end_s"] + 5)])


def test_a_file_that_changed_since_it_was_hashed_is_a_reject(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(bytes(100))
    (tmp_path / "a.m4a").write_bytes(bytes(10))
    names = {"source_uri": "a.mp4", "audio_uri": "a.m4a"}
    check_unchanged(names | {"num_bytes": 110}, Footage(str(tmp_path)))
    check_unchanged(names, Footage(str(tmp_path)))
    with pytest.raises(Reject, match="had 109 bytes when it was hashed and has 110 now") as caught:
        check_unchanged(names | {"num_bytes": 109}, Footage(str(tmp_path)))
    assert caught.value.kind == "changed"


@given(voiced=TIMES, wanted=TIMES)
def test_what_is_wanted_of_the_speech(voiced: list[float], wanted: list[float]) -> None:
    speech = list(zip(voiced[::2], voiced[1::2], strict=False))
    spans = list(pairwise(wanted))[::2]
    kept = within(speech, [*spans, *spans])  # given twice, counted once
    ticks = [tick / 25 + 0.02 for tick in range(1500)]

    def holds(intervals: list[tuple[float, float]], time_s: float) -> bool:
        return any(start_s <= time_s < end_s for start_s, end_s in intervals)

    assert [holds(kept, t) for t in ticks] == [holds(speech, t) and holds(spans, t) for t in ticks]
    assert within(speech, []) == speech


@given(samples=st.lists(st.floats(-1, 1, width=32), max_size=8), cut=st.integers(0, 8))
def test_pieces_are_as_loud_as_the_whole(samples: list[float], cut: int) -> None:
    audio = np.repeat(np.array(samples, np.float32), LOUDNESS_WINDOW)
    parts = audio[: cut * LOUDNESS_WINDOW], audio[cut * LOUDNESS_WINDOW :]
    assert max(map(loudest_db, parts)) == loudest_db(audio)
    assert round(PIECE_S * 16_000) % LOUDNESS_WINDOW == 0
