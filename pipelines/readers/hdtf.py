"""HDTF: whole videos with the annotated spans, or what was cut from them, as its download scripts leave it.

Its lists (`RD_annotion_time.txt`, so spelt) say `Radio11.mp4 00:30-01:00 01:30-02:30`: one video a line, and
each interval is a clip, `RD_Radio11_000`, `RD_Radio11_001`, or five-second pieces of one, `RD_Radio11_000#7`.
"""

import re
from collections import defaultdict
from collections.abc import Mapping

from pipelines.readers.item import Inventory, Item, Tree, make_item, paths_of, reject
from pipelines.readers.labels import read_labels, unused
from pipelines.readers.pattern import (
    find_files,
    leave_out,
    matching,
    read_pattern,
    sound_of,
    unpaired_sounds,
)
from pipelines.readers.spans import Spans, merged
from pipelines.stage import Row
from style2talker.corpus.card import Card
from style2talker.errors import Reject

CLIP, WHOLE, PIECE = range(3)
"""Forms of a video's footage, best first: a clip is cropped to its speaker, a piece may end in a word."""
_FORMS = ("clips", "spans", "five-second pieces")


def read_hdtf(card: Card, tree: Tree) -> Inventory:
    """The annotated footage. Of a video that is there in several forms one is used.

    Without the lists in the tree, it is read as its file names alone say.
    """
    lists = matching(card.annotations, tree.names) if card.annotations else []
    if not lists:
        return read_pattern(card, tree)
    rejects: list[Row] = []
    annotated: dict[str, tuple[str, Spans]] = {}
    for name in lists:
        _read_list(name, tree, annotated, rejects)
    labels = read_labels(card, tree)
    files = _by_video(card, tree, annotated, rejects)
    items: list[Item] = []
    num_found = 0
    for video, (subset, spans) in annotated.items():
        form = min((_form(groups) for _, groups in files[video]), default=CLIP)
        there: set[int] = set()
        for uri, groups in files[video]:
            if _form(groups) != form:
                rejects.append(reject(uri, "excluded", f"The {_FORMS[form]} of its video are used instead."))
                continue
            if form == WHOLE and not spans:
                rejects.append(reject(uri, "bad_annotation", "Its list gives no span to use."))
                continue
            there |= set(range(len(spans))) if form == WHOLE else {int(groups["clip"])}
            try:
                audio_uri = sound_of(card, tree, uri, groups)
            except Reject as error:
                rejects.append(reject(uri, error.kind, error.message))
                continue
            used = merged(spans) if form == WHOLE else ()
            items.append(make_item(card, uri, groups, row=labels.get(uri), audio_uri=audio_uri, spans_s=used))
        num_found += len(there & set(range(len(spans))))
        for number in sorted(set(range(len(spans))) - there):
            uri = f"{subset}_{video}_{number:03d}.mp4"
            message = "An annotated interval without a file."
            rejects.append(reject(uri, "missing", message, span_s=spans[number]))
    rejects += unpaired_sounds(card, tree)
    rejects += unused(card, tree, labels, paths_of(items, rejects))
    num_expected = sum(len(spans) for _, spans in annotated.values())
    return Inventory(
        items=tuple(sorted(items, key=lambda item: item.uri)),
        rejects=tuple(rejects),
        expected=num_expected,
        found=num_found,
        missing=num_expected - num_found,
    )


def _by_video(
    card: Card, tree: Tree, annotated: Mapping[str, object], rejects: list[Row]
) -> Mapping[str, list[tuple[str, Mapping[str, str]]]]:
    """The files that the card asks for and a list names, each with what its path says, by their video."""
    kept, excluded = leave_out(card, find_files(card, tree))
    rejects += excluded
    files: dict[str, list[tuple[str, Mapping[str, str]]]] = defaultdict(list)
    for uri in kept:
        groups = card.groups_of(uri)
        if groups is None or groups["video"] not in annotated:
            rejects.append(reject(uri, "unknown_name", "No list names its video."))
        else:
            files[groups["video"]].append((uri, groups))
    return files


def _form(groups: Mapping[str, str]) -> int:
    if "piece" in groups:
        return PIECE
    return CLIP if "clip" in groups else WHOLE


def _read_list(name: str, tree: Tree, annotated: dict[str, tuple[str, Spans]], rejects: list[Row]) -> None:
    """Add the subset and the spans, in seconds, of each video. A byte order mark may stand before any line.

    What a later line says otherwise of a video is not used, nor joined: clips are numbered by one line.
    """
    subset = name.rpartition("/")[2].partition("_")[0]
    for line in tree.read(name).decode("utf-8", errors="replace").replace("\ufeff", "").splitlines():
        if not line.strip():
            continue
        video, *intervals = line.split()
        video = video.removesuffix(".mp4")
        spans = []
        for interval in intervals:
            if (span := _span(interval)) is None:
                message = f"{name} gives {interval!r}, expected a span such as 00:30-01:00."
                rejects.append(reject(f"{video}.mp4", "bad_annotation", message))
            else:
                spans.append(span)
        if annotated.setdefault(video, (subset, tuple(spans)))[1] != tuple(spans):
            message = f"{name} gives {' '.join(intervals)!r}, a line before it other spans; those are used."
            rejects.append(reject(f"{video}.mp4", "bad_annotation", message))


def _span(text: str) -> tuple[float, float] | None:
    if not re.fullmatch(r"(\d+:)?\d+:\d\d-(\d+:)?\d+:\d\d", text):
        return None
    start_s, end_s = (_seconds(time) for time in text.split("-"))
    return (start_s, end_s) if start_s < end_s else None


def _seconds(time: str) -> float:
    total = 0
    for part in time.split(":"):
        total = total * 60 + int(part)
    return float(total)
