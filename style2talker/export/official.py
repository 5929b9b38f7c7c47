"""A corpus as the files that the official Style2Talker loaders open (data_loaders/style_{e,a}_dataset.py).

    MEAD_text.json                                 {"ID_emotion_level_clip": [five sentences]}
    train.json, test.json, val.json                ["ID#emotion#level#clip"]
    processed_MEAD_front/ID/3DMM/emotion/level/clip.npy   dict: coeff [T, 257], trans_param, lm68, lm5
    processed_MEAD_front/ID/mel/...                [T, 80, 16] the sound around each frame
    processed_MEAD_front/ID/ldmk/...               [T, 68, 2] px of the picture, y down
    lmdb/                                          pictures, lengths, coefficients [T, 260], keypoints
    lmdb/lists/train_facial.json, ...              the lists again, where Style-A's loader looks

The dict in an .npy file is a pickle: the loader takes no other form, so this is the one place where a pickle
is written. It holds four plain arrays, and `weights.numpy_pickle.load_npy` reads it without running it.
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from style2talker.corpus.manifest import json_sha256
from style2talker.corpus.reader import Corpus, Row
from style2talker.export.coefficients import official_clip
from style2talker.export.folder import TERMS_FILE, Terms, chosen_splits, clips_with_frames, new_folder
from style2talker.export.video_lmdb import VideoLmdb
from style2talker.face.model import embedded
from style2talker.media.mel import mel_windows

ROOT, LMDB = "processed_MEAD_front", "lmdb"
_CONTENTS = f"""
Names are `ID#emotion#level#clip`, emotion and level being the corpus' own; `{TERMS_FILE}` has them all.

- `MEAD_text.json`: the five sentences of each clip, under `ID_emotion_level_clip`
- `train.json` and so on: the names of each split; no person is in two
- `{ROOT}/ID/3DMM`: dicts with `coeff` [T, 257], `trans_param` [T, 5], `lm68` and `lm5`; NumPy pickles
- `{ROOT}/ID/mel` [T, 80, 16] and `ldmk` [T, 68, 2]
- `{LMDB}`: `NAME-FRAME` (JPEG, 256 px), `NAME-length`, `NAME-coeff_3dmm` float32 [T, 260],
  `NAME-keypoint` float32 [T, 68, 2]; `length` is the number of clips

Angles, trans and crop (columns 224 to 226 and 254 to 259) mean what Deep3D means by them. **Columns 0 to 143
do not**: they hold this corpus' own identity and 52 named movements, padded with zeros. Train on them; do not
give them to a renderer or a loss that holds the Basel face model. Texture and light are zeros. Landmarks have
y DOWN, unlike the files of the official scripts, which are upside down.
"""


def export_official(corpus: Corpus, out: Path, *, split: str | None = None) -> int:
    """Write everything above, terms and README.md into the new folder `out`; returns the clips.

    Raises:
        UserError: `out` exists, there is nothing to export, the corpus is damaged, or its clips were fitted
            with another face model.
    """
    splits, model = chosen_splits(corpus, split), embedded()
    sentences: dict[str, list[str]] = {}
    lists: dict[str, list[str]] = {name: [] for name in splits}
    numbers: Counter[tuple[str, ...]] = Counter()
    num_bytes = sum(shard.bytes for kind in ("clips", "frames") for shard in corpus.manifest.of_kind(kind))
    with new_folder(out) as folder:
        terms = Terms(folder / TERMS_FILE)
        with VideoLmdb(folder / LMDB, num_bytes=num_bytes) as database:
            for name in splits:
                for row, pictures in clips_with_frames(corpus, name):
                    parts = _name(row, numbers)
                    clip = official_clip(row, model)
                    _save(folder / ROOT, parts, "3DMM", {
                        "coeff": clip.coefficients.vectors(257),
                        "trans_param": clip.transform_t5,
                        "lm68": clip.lm68_tl2,
                        "lm5": clip.lm5_tl2,
                    })  # fmt: skip
                    mel_tms = mel_windows(row["mel"], len(pictures)).transpose(0, 2, 1)
                    _save(folder / ROOT, parts, "mel", np.ascontiguousarray(mel_tms))
                    _save(folder / ROOT, parts, "ldmk", clip.lm68_tl2)
                    video = "#".join(parts)
                    database.add(
                        video, pictures, coeff_tn=clip.coefficients.vectors(260), keypoint_tl2=clip.lm68_tl2
                    )
                    sentences["_".join(parts)] = [sentence["text"] for sentence in row["sentences"]]
                    lists[name].append(video)
                    terms.add(video, row)
        _dump(folder / "MEAD_text.json", sentences)
        (folder / LMDB / "lists").mkdir()
        for name, videos in lists.items():
            _dump(folder / f"{name}.json", videos)
            _dump(folder / LMDB / "lists" / f"{name}_facial.json", videos)
        readme = terms.readme(corpus, title="files of the official Style2Talker loaders", contents=_CONTENTS)
        (folder / "README.md").write_text(readme, encoding="utf-8")
    return terms.num_clips


def person_id(speaker: str) -> str:
    """A speaker's name as part of a path and of a `#` name; another name with a hash where it is no such."""
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", speaker).lstrip(".")
    return plain if plain == speaker else f"{plain}-{json_sha256(speaker)[:6]}"


def _name(row: Row, numbers: Counter[tuple[str, ...]]) -> tuple[str, str, str, str]:
    group = person_id(row["speaker"]), row["emotion"], f"level_{row['emotion_level']}"
    numbers[group] += 1
    return (*group, f"{numbers[group]:03d}")


def _save(root: Path, parts: tuple[str, ...], kind: str, value: Any) -> None:
    person, emotion, level, clip = parts
    path = root / person / kind / emotion / level / f"{clip}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, value, allow_pickle=isinstance(value, dict))


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
