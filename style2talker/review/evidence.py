"""What the page shows of a clip: every witness, the action units, and what moves and sounds over time.

Curves are points of an SVG: x in px of a plot that is `WIDTH_PX` wide for the whole clip, y in px downwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from style2talker.corpus.marked import Piece, pieces
from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.face.model import EXPRESSION_NAMES

COLUMNS = (
    "clip_id", "speaker", "split", "source_uri", "start_s", "end_s", "num_frames", "blendshapes",
    "face_found", "transcript", "words", "pitch_hz", "energy_db", "emotion", "emotion_level",
    "emotion_probability", "action_units", "opinions", "agreement", "confidence", "flags", "corrected",
    "sentences",
)  # fmt: skip
WIDTH_PX = 1000.0
TOGETHER = "together"
SHOWN_MEASURES = 5
"""The others open on request."""
_FIRST = ("arousal", "valence", "singing", "synthetic", "pitch_hz", "loudness_db", "words_per_s")
_SYMBOLS = {"db": " dB", "hz": " Hz", "semitones": " semitones", "percent": " %"}
_LETTER_PX = 7.2
_LOUDEST_DB, _QUIETEST_DB = -5.0, -60.0
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One row of bars; `share_e` is None of a witness that does not speak of emotions, or could not."""

    name: str
    modality: str
    share_e: tuple[float, ...] | None
    says: str
    measures: tuple[tuple[str, str], ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """An active unit as the models see it; `side` is the subject's own."""

    unit: int
    name: str
    side: str
    level: str
    intensity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A row of the plot over time. `lines` are points of polylines; there is none where there is no face."""

    name: str
    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word where it is heard."""

    text: str
    x: float
    width: float
    fits: bool
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A clip as the page shows it."""

    row: Mapping[str, Any]
    duration_s: float
    witnesses: tuple[Witness, ...]
    units: tuple[Unit, ...]
    words: tuple[Word, ...]
    tracks: tuple[tuple[str, tuple[Curve, ...]], ...]
    sentences: tuple[tuple[Piece, ...], ...]


def evidence_of(row: Mapping[str, Any], *, height_px: float) -> Evidence:
    """The evidence of a clip's row, with `COLUMNS`; curves are `height_px` high."""
    duration_s = row["num_frames"] / FRAME_RATE_HZ
    return Evidence(
        row=row,
        duration_s=duration_s,
        witnesses=_witnesses(row),
        units=tuple(_unit(unit) for unit in row["action_units"]),
        words=_words(row["words"], duration_s),
        tracks=_tracks(row, height_px),
        sentences=tuple(pieces(s["text"], s["evidence"]) for s in row["sentences"]),
    )


def _witnesses(row: Mapping[str, Any]) -> tuple[Witness, ...]:
    together = Witness(
        name=TOGETHER,
        modality="",
        share_e=tuple(float(p) for p in row["emotion_probability"]),
        says=row["emotion"],
        measures=(),
        text="",
    )
    return together, *(_witness(opinion) for opinion in row["opinions"] or ())


def _witness(opinion: Mapping[str, Any]) -> Witness:
    probability = opinion["probability"]
    share_e = None if probability is None or not len(probability) else tuple(float(p) for p in probability)
    return Witness(
        name=opinion["name"].replace("_", " "),
        modality=opinion["modality"],
        share_e=share_e,
        says=EMOTIONS[int(np.argmax(share_e))] if share_e else "",
        measures=_measures({m["name"]: m["value"] for m in opinion["measures"] or ()}),
        text=opinion["text"] or "",
    )


def _measures(values: Mapping[str, float]) -> tuple[tuple[str, str], ...]:
    """Names and values to read, what tells most first; a unit at a name's end goes to the value."""
    shown = []
    for name in sorted(
        values, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)
    ):
        stem, _, last = name.rpartition("_")
        named, symbol = (stem, _SYMBOLS[last]) if stem and last in _SYMBOLS else (name, "")
        number = f"{values[name]:{'.2f' if abs(values[name]) < 1 else '.3g'}}"
        shown.append((named.replace("_", " "), f"{number}{symbol}".replace("-", "−")))
    return tuple(shown)


def _unit(unit: Mapping[str, Any]) -> Unit:
    first, _, rest = unit["name"].partition(" ")
    side, name = (first, rest) if first in ("left", "right") else ("both", unit["name"])
    return Unit(
        unit=unit["unit"], name=name, side=side, level=unit["level"], intensity=float(unit["intensity"])
    )


def _words(words: Sequence[Mapping[str, Any]], duration_s: float) -> tuple[Word, ...]:
    per_s = WIDTH_PX / duration_s
    placed = []
    for word in words:
        width = max(2.0, (word["end_s"] - word["start_s"]) * per_s)
        fits = len(word["word"]) * _LETTER_PX < width + 4
        placed.append(
            Word(
                text=word["word"],
                x=word["start_s"] * per_s,
                width=width,
                fits=fits,
                probability=float(word["probability"]),
            )
        )
    return tuple(placed)


def _tracks(row: Mapping[str, Any], height_px: float) -> tuple[tuple[str, tuple[Curve, ...]], ...]:
    shapes_tk, found_t = np.asarray(row["blendshapes"]), np.asarray(row["face_found"], bool)

    def shape(*names: str) -> np.ndarray:
        return shapes_tk[:, [EXPRESSION_NAMES.index(name) for name in names]].mean(axis=1)

    def curve(name: str, kind: str, share_t: np.ndarray, there_t: np.ndarray) -> Curve:
        return Curve(name=name, kind=kind, lines=polylines(share_t, there_t, height_px=height_px))

    pitch_t, energy_t = np.asarray(row["pitch_hz"]), np.asarray(row["energy_db"])
    voiced_t = pitch_t > 0
    octaves_t = np.log2(np.where(voiced_t, pitch_t, _LOWEST_HZ) / _LOWEST_HZ)
    loud_t = (energy_t - _QUIETEST_DB) / (_LOUDEST_DB - _QUIETEST_DB)
    everywhere_t = np.ones(len(found_t), bool)
    return (
        ("loudness", (curve("loudness", "a", loud_t, everywhere_t),)),
        ("pitch", (curve("pitch", "a", octaves_t / np.log2(_HIGHEST_HZ / _LOWEST_HZ), voiced_t),)),
        (
            "mouth",
            (
                curve("open", "a", shape("jawOpen"), found_t),
                curve("smile", "b", shape("mouthSmileLeft", "mouthSmileRight"), found_t),
            ),
        ),
        (
            "brows",
            (
                curve("raised", "a", shape("browInnerUp"), found_t),
                curve("lowered", "b", shape("browDownLeft", "browDownRight"), found_t),
            ),
        ),
    )


def polylines(share_t: np.ndarray, there_t: np.ndarray, *, height_px: float) -> tuple[str, ...]:
    """Points of a line for each stretch of frames that are there.

    Args:
        share_t: [T], 0 at the bottom and 1 at the top; what lies outside is drawn at the edge.
        there_t: bool [T].
    """
    x_t = (np.arange(len(share_t)) + 0.5) * (WIDTH_PX / max(1, len(share_t)))
    y_t = height_px * (1 - np.clip(np.nan_to_num(share_t), 0, 1))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], there_t, [False])).astype(np.int8)))
    return tuple(
        " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(x_t[a:b], y_t[a:b], strict=True))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if b - a > 1
    )
