"""A corpus as WebDataset tar files: a sample is a clip, its pictures are JPEG files exactly as stored.

The same corpus gives the same bytes. Read back: `webdataset.WebDataset(files).decode()`.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np

from style2talker.corpus.manifest import canonical_json
from style2talker.corpus.reader import Corpus, Row
from style2talker.export.folder import TERMS_FILE, Terms, chosen_splits, clips_with_frames, new_folder

LARGEST_BYTES = 1 << 28
"""A tar file is closed when it has reached this size."""
_CONTENTS = """
`SPLIT-NNNNNN.tar`: a sample a clip, its key is the clip's id. Of each sample

- `.json`: every label and the terms
- `.NAME.npy`: each column of numbers, float32; shapes as the corpus has them, frames first
- `.flac`: the speech, 16 kHz mono
- `.NNNN.jpg`: the frames in order, 256 x 256, 25 a second
"""


def export_webdataset(corpus: Corpus, out: Path, *, split: str | None = None) -> int:
    """Write tar files of each split, terms and README.md into the new folder `out`; returns the clips.

    Raises:
        UserError: `out` exists, there is nothing to export, or the corpus is damaged.
    """
    from webdataset.writer import ShardWriter

    splits = chosen_splits(corpus, split)
    with new_folder(out) as folder:
        terms = Terms(folder / TERMS_FILE)
        for name in splits:
            pattern = f"{str(folder).replace('%', '%%')}/{name}-%06d.tar"
            writer = ShardWriter(
                pattern, maxsize=LARGEST_BYTES, verbose=0, encoder=False, mtime=0, user="", group=""
            )
            with writer:
                for row, pictures in clips_with_frames(corpus, name):
                    writer.write(sample(row, pictures))
                    terms.add(row["clip_id"], row)
        readme = terms.readme(corpus, title="WebDataset", contents=_CONTENTS)
        (folder / "README.md").write_text(readme, encoding="utf-8")
    return terms.num_clips


def sample(row: Row, pictures: list[bytes]) -> dict[str, Any]:
    """The members of one sample: extension -> bytes."""
    members: dict[str, Any] = {"__key__": row["clip_id"], "flac": row["audio"]["bytes"]}
    labels = {}
    for name, value in row.items():
        if isinstance(value, np.ndarray):
            file = io.BytesIO()
            np.save(file, value, allow_pickle=False)
            members[f"{name}.npy"] = file.getvalue()
        elif name != "audio":
            labels[name] = value
    members["json"] = canonical_json(labels).encode()
    members |= {f"{frame:04d}.jpg": picture for frame, picture in enumerate(pictures)}
    return members
