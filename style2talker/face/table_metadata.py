"""What belongs to a whole face table: one JSON text in the metadata of its Parquet file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from style2talker.errors import UserError

TABLE_VERSION = "1"
KEY = b"style2talker.face_table"


def read_metadata(path: Path, columns: pa.Schema) -> dict:
    """What `write_table` left there, checked. Raises `UserError` for anything else."""
    try:
        about = json.loads((columns.metadata or {}).get(KEY, b"{}"))
        if not isinstance(about, dict):
            raise ValueError(f"it is a {type(about).__name__}")
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path} has damaged metadata ({error}), expected the JSON object that `style2talker face fit` "
            "leaves there: write the file again."
        ) from error
    if about.get("version") != TABLE_VERSION:
        raise UserError(
            f"{path} holds a face table of version {about.get('version', 'none')}, expected {TABLE_VERSION}; "
            "write it with `style2talker face fit` or `face convert --to parquet`."
        )
    wrong = sorted(
        key
        for key, is_right in (_REQUIRED | _ORIGIN).items()
        if not (is_right(about[key]) if key in about else key in _ORIGIN)
    )
    if wrong:
        raise UserError(
            f"{path} has metadata that lacks {', '.join(wrong)} or holds something else there; expected "
            "what style2talker.face.table.FaceTable says: write it with write_table."
        )
    return about


def _is_number(value: object) -> bool:
    # The bound is float32's; NaN and infinity fail it too.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 3.4e38


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 31


_REQUIRED: dict[str, Callable[[Any], bool]] = {
    "expression_names": lambda names: isinstance(names, list) and all(map(_is_text, names)),
    "identity": lambda numbers: isinstance(numbers, list) and all(map(_is_number, numbers)),
    "face_model": _is_text,
    "face_model_sha256": _is_text,
    "rate_hz": lambda rate_hz: _is_number(rate_hz) and rate_hz > 0,
    "width_px": _is_size,
    "height_px": _is_size,
}
# May be missing: another tool's numbers have no fit that they come from.
_ORIGIN: dict[str, Callable[[Any], bool]] = {
    "source": _is_text,
    "source_sha256": _is_text,
    "start_s": _is_number,
    "photometric": lambda is_photometric: isinstance(is_photometric, bool),
    "style2talker_version": _is_text,
}
