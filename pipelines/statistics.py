"""Statistics of a corpus, gathered in one pass over the small columns: what the data card is made of."""

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

import cv2
import numpy as np

from pipelines import explorer
from pipelines.explorer import Explorer
from pipelines.fit_sheet import FitRow, fit_sheet
from style2talker.corpus.marked import Piece, pieces
from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.emotion.taxonomy import EMOTIONS, LEVELS

NUM_SAMPLES = 6
NUM_THUMBNAILS = 24
THUMBNAIL_PX = 128
_COLUMNS = (
    "clip_id", "split", "speaker", "source_uri", "num_frames", "fit_error", "emotion", "emotion_level",
    "given_emotion", "action_units", "licence", "commercial_use", "redistribution", "consent",
    "transcript", "language", "words_per_s", "sentences",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a chart; `share` of the longest is its length."""

    label: str
    value: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A clip as the card shows it."""

    clip_id: str
    speaker: str
    emotion: str
    level: int
    transcript: str
    sentences: tuple[tuple[Piece, ...], ...]
    picture: str


@dataclass(slots=True, kw_only=True)
class Statistics:
    """Counts over all clips, rejects by reason, and a few clips to look at."""

    licences: Counter[str] = field(default_factory=Counter)
    consents: Counter[str] = field(default_factory=Counter)
    num_commercial: int = 0
    num_redistributable: int = 0

    emotions: Counter[str] = field(default_factory=Counter)
    levels: Counter[int] = field(default_factory=Counter)
    units: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    speakers: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    seconds_by_split: Counter[str] = field(default_factory=Counter)
    speakers_by_split: dict[str, set[str]] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    reject_rows: list[dict[str, Any]] = field(default_factory=list)
    durations_s: list[float] = field(default_factory=list)
    fit_errors: list[float] = field(default_factory=list)
    fits: list[FitRow] = field(default_factory=list)
    num_words: int = 0
    num_labelled: int = 0
    num_agreeing: int = 0
    samples: list[Sample] = field(default_factory=list)
    thumbnails: list[Sample] = field(default_factory=list)
    explorer: Explorer = field(default_factory=lambda: Explorer(num_clips=0))


def gather(corpus: Corpus) -> Statistics:
    """Read the small columns of every clip once, then the frames of the few that are shown."""
    result = Statistics()
    ids: list[str] = []
    for row in corpus.clips(columns=_COLUMNS):
        ids.append(row["clip_id"])
        _count(result, row)
    shown = set(nsmallest(NUM_THUMBNAILS, ids))  # ids are hashes, so the smallest are a fair draw
    samples = _samples(corpus, shown)
    result.thumbnails = samples
    result.samples = _varied(samples)
    result.explorer = _explorer(corpus, ids)
    result.fits = fit_sheet(corpus, list(zip(ids, result.fit_errors, strict=True)))
    result.reject_rows = corpus.rejects()
    result.rejects = Counter((row["stage"], row["kind"]) for row in result.reject_rows)
    return result


def _count(result: Statistics, row: dict[str, Any]) -> None:
    split, duration_s = row["split"], row["num_frames"] / FRAME_RATE_HZ
    result.licences[row["licence"]] += 1
    result.consents[row["consent"]] += 1
    result.num_commercial += row["commercial_use"]
    result.num_redistributable += row["redistribution"]
    result.emotions[row["emotion"]] += 1
    result.levels[row["emotion_level"]] += 1
    result.speakers[row["speaker"]] += 1
    result.splits[split] += 1
    result.seconds_by_split[split] += duration_s  # type: ignore[assignment]
    result.speakers_by_split.setdefault(split, set()).add(row["speaker"])
    result.languages[row["language"] or "none"] += 1
    result.durations_s.append(duration_s)
    result.fit_errors.append(float(np.nanmedian(row["fit_error"])))
    result.num_words += len(row["transcript"].split())
    for unit in row["action_units"]:
        name = unit["name"].removeprefix("left ").removeprefix("right ")
        result.units[unit["unit"], name, unit["level"]] += 1
    if row["given_emotion"] is not None:
        result.num_labelled += 1
        result.num_agreeing += row["given_emotion"] == row["emotion"]


def _samples(corpus: Corpus, shown: set[str]) -> list[Sample]:
    pictures = {row["clip_id"]: _thumbnail(row["jpeg"]) for row in corpus.frames(sorted(shown))}
    found = [
        Sample(
            clip_id=row["clip_id"],
            speaker=row["speaker"],
            emotion=row["emotion"],
            level=row["emotion_level"],
            transcript=row["transcript"],
            sentences=tuple(pieces(s["text"], s["evidence"]) for s in row["sentences"]),
            picture=pictures[row["clip_id"]],
        )
        for row in corpus.clips(columns=_COLUMNS, clip_ids=sorted(shown))
    ]
    return sorted(found, key=lambda sample: sample.clip_id)


def _explorer(corpus: Corpus, ids: Sequence[str]) -> Explorer:
    chosen = nsmallest(explorer.MOST_CLIPS, ids)  # the thumbnails' clips are the first of them
    rows = {row["clip_id"]: row for row in corpus.clips(columns=explorer.COLUMNS, clip_ids=chosen)}
    made = Explorer(num_clips=len(ids))
    for clip_id in chosen:
        made.add(rows[clip_id])
    return made


def _varied(samples: Sequence[Sample]) -> list[Sample]:
    """First one clip per emotion, then the rest, up to the number shown."""
    seen: Counter[str] = Counter()
    ranked = []
    for order, sample in enumerate(samples):
        ranked.append((seen[sample.emotion], order, sample))
        seen[sample.emotion] += 1
    return [sample for _, _, sample in sorted(ranked, key=lambda item: item[:2])[:NUM_SAMPLES]]


def bars(counts: Sequence[tuple[str, int]]) -> list[Bar]:
    """Counts as bars, in the given order."""
    longest = max((value for _, value in counts), default=0)
    return [Bar(label=label, value=value, share=value / max(longest, 1)) for label, value in counts]


def emotion_bars(result: Statistics) -> list[Bar]:
    return bars([(name, result.emotions[name]) for name in EMOTIONS])


def level_bars(result: Statistics) -> list[Bar]:
    names = dict(zip(LEVELS, ("1 mild", "2 plain", "3 extreme"), strict=True))
    return bars([(names[level], result.levels[level]) for level in LEVELS])


def histogram(values: Sequence[float], edges: Sequence[float], labels: Sequence[str]) -> list[Bar]:
    """Counts between edges; what lies outside falls into the first or last bar."""
    clipped = np.clip(values, edges[0], np.nextafter(edges[-1], edges[0])) if len(values) else np.zeros(0)
    counts, _ = np.histogram(clipped, bins=np.asarray(edges))
    return bars([(label, int(count)) for label, count in zip(labels, counts, strict=True)])


def _thumbnail(jpegs: Sequence[bytes]) -> str:
    """The middle frame as a data URI."""
    image = cv2.imdecode(np.frombuffer(jpegs[len(jpegs) // 2], np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return ""
    small = cv2.resize(image, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
