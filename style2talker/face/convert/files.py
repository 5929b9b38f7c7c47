"""Read and write the .mat and .npy files in which Deep3D's numbers travel.

Shapes: T frames, L = 68 landmarks, N columns. What is told apart by key and by width, never guessed:

- .mat of PIRender, StyleTalk, DreamTalk: `coeff` [T, 257], `transform_params` [T, 5]
- .mat of SadTalker: `coeff_3dmm` [T, 73 or 70] (its `full_3dmm` is the first frame alone and is not read)
- .mat of Deep3DFaceRecon's test.py: `id`, `exp`, `tex`, `angle`, `gamma`, `trans`
- .npy of Style2Talker: a dict with `coeff`, `trans_param`, `lm68`; its LMDB rows: `coeff_3dmm` [T, 260]
- .npy of one array [T, 257 | 260 | 73 | 70], or of windows [T, 73 | 70, 27]
"""

from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from tokenize import TokenError

import numpy as np
from scipy.io import savemat

from style2talker.errors import UserError
from style2talker.face.convert.deep3d import ROW_SLICES, VECTOR_SLICES, Deep3d, MotionRows, checked
from style2talker.face.convert.mat import read_mat
from style2talker.face.convert.window import window_centres
from style2talker.weights.numpy_pickle import load_npy

VECTOR_KEYS = ("coeff", "coeff_3dmm")
TRANSFORM_KEYS = ("transform_params", "trans_params", "trans_param")
PART_KEYS = ("id", "exp", "tex", "angle", "gamma", "trans")
MAT_HEADER = b"MATLAB 5.0 MAT-file written by style2talker".ljust(116)  # scipy's own holds the time of day
CHIN, EYES = 8, slice(36, 48)  # of the 68 points


@dataclass(frozen=True, slots=True, kw_only=True)
class Deep3dFile:
    """What one file holds.

    Attributes:
        motion: expression, pose and crop.
        coefficients: all 257 numbers a frame; None where the file holds the motion only.
        transform_t5: [T, 5] see `square.py`; None where the file has none.
        lm68_tl2: [T, 68, 2] px of the source, y DOWN; None where the file has none.
        lm68_was_y_up: the file's own landmarks were flipped and have been turned back.
    """

    motion: MotionRows
    coefficients: Deep3d | None = None
    transform_t5: np.ndarray | None = None
    lm68_tl2: np.ndarray | None = None
    lm68_was_y_up: bool = False


def read_deep3d(path: Path) -> Deep3dFile:
    """Read any file of the list above.

    Raises:
        UserError: another suffix, keys, shapes or lengths; the crop stands twice and differs; landmarks are
            upside down and the picture's height is not known.
        OSError: the file cannot be read.
    """
    arrays = _arrays(path)
    try:
        return _record(arrays)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def write_deep3d(
    path: Path, coefficients: Deep3d, *, num_columns: int = 257, transform_t5: np.ndarray | None = None
) -> None:
    """Write [T, 257 or 260]: a .mat with `coeff` and, when given, `transform_params`; or an .npy of the
    array.

    The same numbers give the same bytes. Raises `UserError` for another suffix or number of columns.
    """
    vectors_tn = coefficients.vectors(num_columns)
    if path.suffix == ".npy":
        np.save(path, vectors_tn, allow_pickle=False)
        return
    if path.suffix != ".mat":
        raise UserError(f"{path} ends in {path.suffix!r}, expected .mat or .npy; rename it.")
    tables = {"coeff": vectors_tn}
    if transform_t5 is not None:
        tables["transform_params"] = checked(transform_t5, "transform_params", 5)
    file = BytesIO()
    savemat(file, tables)
    path.write_bytes(MAT_HEADER + file.getvalue()[len(MAT_HEADER) :])


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if path.suffix == ".npy":
        try:
            held = load_npy(path)
        except TokenError as error:  # of a damaged header
            raise UserError(f"{path} is not an .npy file ({error}); save the arrays with np.save.") from error
        if isinstance(held, dict):
            return {key: value for key, value in held.items() if isinstance(value, np.ndarray)}
        if held.dtype.names is not None and "face_found" in held.dtype.names:
            raise UserError(f"{path} is a face fit without its metadata; convert the .parquet.")
        return {"coeff": window_centres(held) if held.ndim == 3 else held}
    if path.suffix != ".mat":
        raise UserError(f"{path} ends in {path.suffix!r}, expected .mat or .npy; rename or convert it.")
    return read_mat(path)


def _record(arrays: dict[str, np.ndarray]) -> Deep3dFile:
    vectors_tn = _vectors(arrays)
    transform_key = next((key for key in TRANSFORM_KEYS if key in arrays), None)
    transform_t5 = None
    if transform_key is not None:
        transform_t5 = checked(np.atleast_2d(arrays[transform_key]), transform_key, 5)
        if len(transform_t5) != len(vectors_tn):
            raise UserError(
                f"{transform_key} has {len(transform_t5)} rows and the coefficients {len(vectors_tn)}; "
                "expected one row a frame in both."
            )
    is_motion = vectors_tn.shape[1] <= ROW_SLICES["crop_t3"].stop
    parts = (MotionRows.from_rows if is_motion else Deep3d.from_vectors)(vectors_tn)
    if transform_t5 is not None:
        if parts.crop_t3 is not None and (parts.crop_t3 != transform_t5[:, 2:]).any():
            raise UserError(f"the last three columns differ from {transform_key}; expected the same crop.")
        parts = replace(parts, crop_t3=transform_t5[:, 2:])
    lm68_tl2, was_y_up = _landmarks(arrays.get("lm68"), transform_t5, len(vectors_tn))
    return Deep3dFile(
        motion=parts if isinstance(parts, MotionRows) else parts.motion,
        coefficients=parts if isinstance(parts, Deep3d) else None,
        transform_t5=transform_t5,
        lm68_tl2=lm68_tl2,
        lm68_was_y_up=was_y_up,
    )


def _vectors(arrays: dict[str, np.ndarray]) -> np.ndarray:
    for key in VECTOR_KEYS:
        if key in arrays:
            return checked(arrays[key], key, 257, 260, 73, 70)
    if all(key in arrays for key in PART_KEYS):
        widths = [part.stop - part.start for part in VECTOR_SLICES.values()]
        parts = zip(PART_KEYS, widths, strict=False)
        return np.concatenate([checked(arrays[key], key, width) for key, width in parts], axis=1)
    raise UserError(
        f"it holds {sorted(arrays)}, expected {' or '.join(VECTOR_KEYS)}, or all of {', '.join(PART_KEYS)}; "
        "is it a file of another tool?"
    )


def _landmarks(
    lm68_tl2: np.ndarray | None, transform_t5: np.ndarray | None, num_frames: int
) -> tuple[np.ndarray | None, bool]:
    """Landmarks with y down, and whether they came with y up, as Style2Talker's extraction leaves them."""
    if lm68_tl2 is None:
        return None, False
    if lm68_tl2.shape != (num_frames, 68, 2) or lm68_tl2.dtype.kind not in "fiu":
        raise UserError(
            f"lm68 has shape {lm68_tl2.shape} and type {lm68_tl2.dtype}, expected numbers of shape "
            f"{(num_frames, 68, 2)}: one row a frame."
        )
    if not np.isfinite(lm68_tl2).all():
        raise UserError("lm68 has NaN or infinity, expected px in every frame; leave those frames out.")
    chin_below_t = lm68_tl2[:, CHIN, 1] > lm68_tl2[:, EYES, 1].mean(axis=1)
    if chin_below_t.all():
        return lm68_tl2, False
    if chin_below_t.any():
        raise UserError(
            f"the chin lies above the eyes in {(~chin_below_t).sum()} of {num_frames} frames; expected y "
            "down (or up) in all of them: the landmarks are mixed up."
        )
    if transform_t5 is None:
        raise UserError(
            "lm68 is upside down (the chin lies above the eyes) and no transform_params tell the picture's "
            "height; flip y with height - 1 - y."
        )
    flipped_tl2 = lm68_tl2.copy()
    flipped_tl2[..., 1] = transform_t5[:, 1:2] - 1 - flipped_tl2[..., 1]
    return flipped_tl2, True
