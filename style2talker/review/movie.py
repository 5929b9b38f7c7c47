"""A clip of the corpus as a movie that a browser plays: its own pictures and its own sound."""

import threading
from pathlib import Path

import numpy as np

from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import FRAME_SIZE_PX
from style2talker.errors import UserError
from style2talker.face.footage import decode_frame
from style2talker.media.audio import flac_decode
from style2talker.media.encode import SAMPLES_PER_FRAME, VideoWriter
from style2talker.review.waiting import Waiting

KEPT = 6


class Movies:
    """MP4 files made when they are asked for, the last few kept.

    Args:
        folder: private to this program; whoever makes it removes it. People are to be seen in these files.
    """

    def __init__(self, corpus: Corpus, folder: Path) -> None:
        self._corpus, self._folder = corpus, folder
        self._made: list[Path] = []
        self._lock = threading.Lock()  # a browser asks for parts of one movie at the same time

    def path(self, clip: Waiting) -> Path:
        """The clip's movie, made now unless it is there. Raises `UserError` for shards that are gone."""
        with self._lock:
            out = self._folder / f"{clip.clip_id}.mp4"
            if out in self._made:
                self._made.remove(out)
            else:
                write_movie(out, self._corpus, clip)
            self._made.append(out)
            while len(self._made) > KEPT:
                self._made.pop(0).unlink(missing_ok=True)
            return out


def write_movie(out: Path, corpus: Corpus, clip: Waiting) -> None:
    """Write H.264 and AAC. Sound that is longer or shorter than the pictures is cut or goes silent."""
    pictures = None
    for shard in corpus.manifest.of_kind("frames", split=clip.shard.split):
        if shard.partition == clip.shard.partition:
            for table in corpus.shard_tables(shard, None, [clip.clip_id]):
                pictures = table.column("jpeg")[0].as_py()
    if not pictures:
        raise UserError(f"{corpus.store.uri} has no pictures of clip {clip.clip_id}; run the build again.")
    (table,) = corpus.shard_tables(clip.shard, ["audio"], [clip.clip_id])
    sound_n = flac_decode(table.column("audio")[0].as_py()["bytes"])
    num_samples = len(pictures) * SAMPLES_PER_FRAME
    sound_n = np.pad(sound_n[:num_samples], (0, max(0, num_samples - len(sound_n))))
    with VideoWriter(out, width=FRAME_SIZE_PX, height=FRAME_SIZE_PX, audio=sound_n) as writer:
        for jpeg in pictures:
            writer.write(decode_frame(jpeg))
