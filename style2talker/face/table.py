"""A fitted video as one Parquet file: a row per frame, a column per number, readable by anything.

Shapes: T frames, K expression coefficients. The columns and their order are `schema`; names carry the units:

    frame, time_s         0, 1, 2, ... and frame / rate_hz
    face_found            False where the tracker saw no face
    one per expression    named as the face model names them (ARKit's 52 for the embedded model)
    pitch_rad, yaw_rad, roll_rad     rotation as in geometry.py
    x_px, y_px, px_per_cm            translation as in geometry.py, in px of the SOURCE picture, y down
    error, confidence, visibility    see `fit_clip`

Expression and pose are NaN where nothing is known: in frames without a face that the fit does not bridge.
What belongs to the whole video stands in the file's metadata, under the names of `FaceTable`'s last fields.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from style2talker.corpus.shard import parquet_writer
from style2talker.errors import UserError
from style2talker.face.table_metadata import KEY, TABLE_VERSION, read_metadata

ROTATION_COLUMNS = ("pitch_rad", "yaw_rad", "roll_rad")
TRANSLATION_COLUMNS = ("x_px", "y_px", "px_per_cm")
QUALITY_COLUMNS = ("error", "confidence", "visibility")
_OWN_COLUMNS = {"frame", "time_s", "face_found", *ROTATION_COLUMNS, *TRANSLATION_COLUMNS, *QUALITY_COLUMNS}
_REQUIRED = {"face_model": str, "face_model_sha256": str, "rate_hz": float, "width_px": int, "height_px": int}
_ORIGIN = {
    "source": str,
    "source_sha256": str,
    "start_s": float,
    "photometric": bool,
    "style2talker_version": str,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceTable:
    """One person through one video.

    Attributes:
        face_found_t: bool [T].
        expression_tk, rotation_t3, translation_t3: float32 [T, K], [T, 3], [T, 3].
        error_t, confidence_t, visibility_t: float32 [T].
        expression_names: K names, the columns of `expression_tk`.
        identity_k: float32 [K_id]; empty where the file came from another tool.
        face_model, face_model_sha256: what it was fitted with; empty texts where the file came from another
            tool.
        rate_hz: frames per second of the rows.
        width_px, height_px: size of the picture that `translation_t3` counts in; 0 where it is not known.
        source, source_sha256: name of the fitted file, without folders, and its bytes' hash.
        start_s: second of the source at which the first row lies; time_s counts from there.
        photometric: refined on the pictures too.
        style2talker_version: of the version that fitted it. These five are empty where nothing is known.
    """

    face_found_t: np.ndarray
    expression_tk: np.ndarray
    rotation_t3: np.ndarray
    translation_t3: np.ndarray
    error_t: np.ndarray
    confidence_t: np.ndarray
    visibility_t: np.ndarray
    expression_names: tuple[str, ...]
    identity_k: np.ndarray
    face_model: str
    face_model_sha256: str
    rate_hz: float
    width_px: int
    height_px: int
    source: str = ""
    source_sha256: str = ""
    start_s: float = 0.0
    photometric: bool = False
    style2talker_version: str = ""


def schema(expression_names: tuple[str, ...]) -> pa.Schema:
    """Columns of the file. Raises `UserError` for expression names that repeat or are taken."""
    if len(set(expression_names)) < len(expression_names) or _OWN_COLUMNS & set(expression_names):
        raise UserError(
            f"expression names repeat or take a column's name: {expression_names}; rename them in the face "
            "model."
        )
    numbers = [*expression_names, *ROTATION_COLUMNS, *TRANSLATION_COLUMNS, *QUALITY_COLUMNS]
    return pa.schema(
        [
            pa.field("frame", pa.int32(), nullable=False),
            pa.field("time_s", pa.float64(), nullable=False),
            pa.field("face_found", pa.bool_(), nullable=False),
            *(pa.field(name, pa.float32(), nullable=False) for name in numbers),
        ]
    )


def write_table(path: Path, table: FaceTable) -> None:
    """Write the file; the same table gives the same bytes.

    Raises:
        UserError: arrays that do not fit together.
        OSError: the file cannot be written.
    """
    columns = schema(table.expression_names)
    num_frames = len(table.face_found_t)
    numbers_tn = _numbers(table, num_frames)
    frame_t = np.arange(num_frames, dtype=np.int32)
    arrays = [
        pa.array(frame_t),
        pa.array(frame_t / table.rate_hz),
        pa.array(np.asarray(table.face_found_t, bool)),
        *(pa.array(np.ascontiguousarray(column)) for column in numbers_tn.T),
    ]
    # One text, because several keys may be written in any order.
    about = {
        "version": TABLE_VERSION,
        "expression_names": list(table.expression_names),
        "identity": [float(value) for value in np.asarray(table.identity_k, np.float32)],
        **{name: kind(getattr(table, name)) for name, kind in (_REQUIRED | _ORIGIN).items()},
    }
    columns = columns.with_metadata({KEY: json.dumps(about, allow_nan=False)})
    with parquet_writer(path, columns) as writer:
        writer.write_table(pa.Table.from_arrays(arrays, schema=columns), row_group_size=1 << 16)


def read_table(path: Path) -> FaceTable:
    """Read what `write_table` wrote, bit for bit.

    Raises:
        UserError: no such file, not Parquet or damaged, another version, other columns or metadata, or rows
            that are not 0, 1, 2, ...
    """
    if not path.is_file():
        raise UserError(f"there is no file {path}; give the .parquet that `style2talker face fit` wrote.")
    try:
        with pq.ParquetFile(path) as parquet:
            file = parquet.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"{path} is not a Parquet file, or a damaged one ({reason}); expected one that `style2talker "
            "face fit` wrote: write it again."
        ) from error
    about = read_metadata(path, file.schema)
    names = tuple(about["expression_names"])
    if not file.schema.equals(schema(names)):
        wrong = sorted(set(file.schema.names) ^ set(schema(names).names))
        raise UserError(
            f"{path} has other columns than a face table (names {wrong or 'fit, types or order differ'}); "
            "expected style2talker.face.table.schema: write it with write_table."
        )
    if not len(file) or not np.array_equal(file["frame"].to_numpy(), np.arange(len(file))):
        raise UserError(
            f"{path} has no, missing or repeated frames; expected rows 0, 1, 2, ... in order: write it again."
        )

    def stacked(columns: tuple[str, ...]) -> np.ndarray:
        arrays = [file[name].to_numpy() for name in columns]
        return np.stack(arrays, axis=1) if arrays else np.zeros((len(file), 0), np.float32)

    return FaceTable(
        face_found_t=file["face_found"].to_numpy(),
        expression_tk=stacked(names),
        rotation_t3=stacked(ROTATION_COLUMNS),
        translation_t3=stacked(TRANSLATION_COLUMNS),
        error_t=file["error"].to_numpy(),
        confidence_t=file["confidence"].to_numpy(),
        visibility_t=file["visibility"].to_numpy(),
        expression_names=names,
        identity_k=np.array(about["identity"], np.float32),
        **{name: about[name] for name in _REQUIRED},
        **{name: about[name] for name in _ORIGIN if name in about},
    )


def _numbers(table: FaceTable, num_frames: int) -> np.ndarray:
    """Every float column in the schema's order, [T, K + 9]."""
    parts = {
        "expression_tk": (table.expression_tk, (num_frames, len(table.expression_names))),
        "rotation_t3": (table.rotation_t3, (num_frames, 3)),
        "translation_t3": (table.translation_t3, (num_frames, 3)),
        "error_t": (table.error_t, (num_frames,)),
        "confidence_t": (table.confidence_t, (num_frames,)),
        "visibility_t": (table.visibility_t, (num_frames,)),
    }
    for name, (array, shape) in parts.items():
        if np.shape(array) != shape:
            raise UserError(f"{name} has shape {np.shape(array)}, expected {shape} for {num_frames} frames.")
    if not (num_frames and table.rate_hz > 0 and np.isfinite(table.identity_k).all()):
        raise UserError(
            f"{num_frames} frames at {table.rate_hz} Hz, or an identity with NaN; expected at least one "
            "frame, a positive rate and finite numbers."
        )
    arrays = [np.asarray(array, np.float32).reshape(num_frames, -1) for array, _ in parts.values()]
    return np.concatenate(arrays, axis=1)
