"""The fits of a corpus' clips drawn over the clips: what `style2talker inspect --overlay` writes.

A corpus keeps no landmarks, so the clips that are shown are tracked again, in the frames that it keeps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from style2talker import __version__
from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import FRAME_SIZE_PX
from style2talker.errors import UserError
from style2talker.face.footage import decode_frame
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import embedded
from style2talker.face.overlay import MeshPen
from style2talker.face.storyboard import PANEL_PX, WIDTH_PX, Shot, draw_shot, height_px
from style2talker.media.audio import flac_decode
from style2talker.media.encode import SAMPLES_PER_FRAME, VideoWriter
from style2talker.progress import track

NUM_CLIPS = 4
_COLUMNS = (
    *("clip_id", "split", "speaker", "emotion", "emotion_level", "transcript", "licence", "consent", "audio"),
    *("face_model", "face_model_sha256", "identity", "expression", "rotation", "translation", "fit_error"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A clip of the movie: its id and the median of its landmark error, a part of the eyes' distance."""

    clip_id: str
    error: float


def choose_clips(corpus: Corpus, wanted: Sequence[str] = ()) -> list[Shown]:
    """The named clips (the beginning of an id is enough), or NUM_CLIPS from the worst fit to the best.

    A clip named twice is shown once. Raises `UserError` for a name that is no clip's or several clips', and
    for a corpus without clips.
    """
    every = [
        Shown(clip_id=row["clip_id"], error=float(np.nanmedian(row["fit_error"])))
        for row in corpus.clips(columns=["clip_id", "fit_error"])
    ]
    if not every:
        raise UserError(f"{corpus.store.uri} holds no clip to draw.")
    if not wanted:
        return spread_by_error(every, NUM_CLIPS)
    chosen = []
    for name in wanted:
        found = [clip for clip in every if clip.clip_id.startswith(name)]
        if len(found) != 1:
            raise UserError(
                f"{len(found) or 'no'} clips of {corpus.store.uri} have an id that begins with {name!r}; "
                "`style2talker inspect URI --clips` lists the ids."
            )
        chosen += found
    return list(dict.fromkeys(chosen))


def spread_by_error(clips: Sequence[Shown], count: int) -> list[Shown]:
    """`count` of the clips, evenly from the worst fit to the best."""
    ranked = sorted(clips, key=lambda clip: (-clip.error, clip.clip_id))
    places = np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round().astype(int)
    return [ranked[place] for place in places]


def write_clip_movie(out: Path, corpus: Corpus, clips: Sequence[Shown]) -> int:
    """Write the mp4 of the clips one after another, with their sound; returns the number of frames.

    Raises `UserError` when the corpus was fitted with another face model than this version's.
    """
    ids = [clip.clip_id for clip in clips]
    rows = {row["clip_id"]: row for row in corpus.clips(columns=_COLUMNS, clip_ids=ids)}
    for row in rows.values():
        check_model(row, source=corpus.store.uri)
    pen = MeshPen(embedded())
    sound_n = np.concatenate([_sound(rows[clip_id]) for clip_id in ids])
    shots = [_shot(rows[clip_id]) for clip_id in ids]
    card = corpus.manifest.card
    comment = (
        f"Fitted face meshes drawn by style2talker {__version__} over clips of the corpus "
        f"{corpus.manifest.name}. Licence of the footage: {card.get('licence', 'unknown')}. "
        f"Consent of the people shown: {card.get('consent', 'unknown')}."
    )
    with (
        LandmarkTracker() as tracker,
        VideoWriter(
            out,
            width=WIDTH_PX,
            height=height_px(embedded().expression_names),
            audio=sound_n,
            metadata={"title": corpus.manifest.name, "comment": comment},
        ) as writer,
    ):
        for clip_id, shot in zip(ids, shots, strict=True):
            (frames,) = corpus.frames([clip_id])
            pictures = [decode_frame(jpeg) for jpeg in frames["jpeg"]]
            landmarks_tl3 = tracker.track(pictures).landmarks_tl3
            shot.landmarks_tl2[:] = landmarks_tl3[..., :2] * (PANEL_PX / FRAME_SIZE_PX)
            drawn = draw_shot(pen, shot, _enlarged(pictures))
            for frame_hw3 in track(drawn, clip_id[:8], total=len(pictures), unit="frames"):
                writer.write(frame_hw3)
        return writer.num_frames


def check_model(row: dict[str, Any], *, source: str) -> None:
    """Refuse coefficients that mean something else. Raises `UserError`."""
    if row["face_model_sha256"] != embedded().sha256:
        raise UserError(
            f"{source} was fitted with face model {row['face_model']} ({row['face_model_sha256'][:12]}), "
            f"this version draws {embedded().name} ({embedded().sha256[:12]}); build the corpus again or use "
            "the version that built it."
        )


def _enlarged(pictures: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    for picture_hw3 in pictures:
        yield np.asarray(cv2.resize(picture_hw3, (PANEL_PX, PANEL_PX), interpolation=cv2.INTER_CUBIC))


def _shot(row: dict[str, Any]) -> Shot:
    words = f": “{row['transcript']}”" if row["transcript"] else ""
    return Shot(
        title=f"{row['speaker']}, {row['emotion']} {row['emotion_level']}{words}",
        note=f"{row['clip_id'][:8]} {row['split']}",
        identity_k=row["identity"],
        expression_tk=row["expression"],
        rotation_t3=row["rotation"],
        translation_t3=row["translation"] * (PANEL_PX / FRAME_SIZE_PX),
        error_t=row["fit_error"],
        landmarks_tl2=np.full((len(row["fit_error"]), 478, 2), np.nan),
    )


def _sound(row: dict[str, Any]) -> np.ndarray:
    """The clip's sound, cut or filled to its frames."""
    samples_n = np.zeros(len(row["fit_error"]) * SAMPLES_PER_FRAME, np.float32)
    sound_n = flac_decode(row["audio"]["bytes"])[: len(samples_n)]
    samples_n[: len(sound_n)] = sound_n
    return samples_n
