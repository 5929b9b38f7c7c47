"""Speech that no clip covers is remembered as a reject with its span."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.discover import LEAST_LEFT_OUT_S, _left_out
from style2talker.media.spans import clip_spans

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
