"""A fitted video as one NumPy array: the rows and columns of the Parquet file, without its metadata.

`numpy.load` gives a structured array [T] whose fields have the columns' names: a["jawOpen"], a["yaw_rad"].
Shapes: T frames.
"""

from pathlib import Path

import numpy as np

from style2talker.face.table import QUALITY_COLUMNS, ROTATION_COLUMNS, TRANSLATION_COLUMNS, FaceTable


def table_array(table: FaceTable) -> np.ndarray:
    """The table as a structured array [T]: frame int32, time_s float64, face_found bool, the rest float32."""
    names = (*table.expression_names, *ROTATION_COLUMNS, *TRANSLATION_COLUMNS, *QUALITY_COLUMNS)
    quality_t3 = np.stack([table.error_t, table.confidence_t, table.visibility_t], axis=1)
    numbers_tn = np.concatenate(
        [table.expression_tk, table.rotation_t3, table.translation_t3, quality_t3], axis=1
    )
    kinds = [("frame", "<i4"), ("time_s", "<f8"), ("face_found", "?"), *((name, "<f4") for name in names)]
    array_t = np.zeros(len(table.face_found_t), kinds)
    array_t["frame"] = np.arange(len(array_t))
    array_t["time_s"] = array_t["frame"] / table.rate_hz
    array_t["face_found"] = table.face_found_t
    for name, column_t in zip(names, numbers_tn.T, strict=True):
        array_t[name] = column_t
    return array_t


def write_array(path: Path, table: FaceTable) -> None:
    """Write the .npy; the same table gives the same bytes. Raises `OSError` when it cannot be written."""
    with path.open("wb") as file:  # given a name, NumPy adds its suffix to another, such as .NPY
        np.save(file, table_array(table), allow_pickle=False)
