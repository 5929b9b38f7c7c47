"""Deep3DFaceRecon's coefficient vectors by name, and the part of them that renderers take.

Shapes: T frames, K coefficients, N numbers of a vector. Values are Deep3D's own: radians, BFM units (1 unit
is 10 cm) and the pixels of `square.py`; `camera.py` turns its pose into ours. Layout: `split_coeff` of
Deep3DFaceRecon_pytorch (models/bfm.py, MIT); the three crop numbers behind it, and the 73 and 70 columns, are
PIRender's (Ren et al. 2021), which StyleHEAT, DreamTalk, SadTalker and Style2Talker kept.

BFM's 64 expression components are not our 52 named movements: no table turns one into the other.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from style2talker.errors import UserError

NUM_EXPRESSION = 64
VECTOR_SLICES = {
    "identity_tk": slice(0, 80),
    "expression_tk": slice(80, 144),
    "texture_tk": slice(144, 224),
    "angle_t3": slice(224, 227),
    "gamma_tk": slice(227, 254),
    "trans_t3": slice(254, 257),
    "crop_t3": slice(257, 260),
}
ROW_SLICES = {
    "expression_tk": slice(0, 64),
    "angle_t3": slice(64, 67),
    "trans_t3": slice(67, 70),
    "crop_t3": slice(70, 73),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionRows:
    """What a PIRender-like renderer is driven by, float32.

    Attributes:
        expression_tk: [T, 64] BFM expression.
        angle_t3: [T, 3] pitch, yaw, roll in rad.
        trans_t3: [T, 3] place before the camera in BFM units.
        crop_t3: [T, 3] scale and place of the 224 px crop (`ratio`, `t0`, `t1`); None where it is not known.
    """

    expression_tk: np.ndarray
    angle_t3: np.ndarray
    trans_t3: np.ndarray
    crop_t3: np.ndarray | None = None

    def rows(self, num_columns: int) -> np.ndarray:
        """[T, 73], or [T, 70] without the crop. Raises `UserError` for 73 when the crop is not known."""
        return _joined(self, ROW_SLICES, num_columns, widths=(73, 70))

    @classmethod
    def from_rows(cls, rows_tn: np.ndarray) -> Self:
        """Split [T, 73] or [T, 70]. Raises `UserError` for any other shape, NaN or infinity."""
        return cls(**_split(rows_tn, ROW_SLICES, widths=(73, 70)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deep3d:
    """Every number that Deep3D's network gives for T frames, float32; see `MotionRows` for the other parts.

    Attributes:
        identity_tk: [T, 80] BFM identity, one row a frame.
        texture_tk: [T, 80] BFM texture.
        gamma_tk: [T, 27] light: spherical harmonics, nine each for red, green, blue.
    """

    identity_tk: np.ndarray
    expression_tk: np.ndarray
    texture_tk: np.ndarray
    angle_t3: np.ndarray
    gamma_tk: np.ndarray
    trans_t3: np.ndarray
    crop_t3: np.ndarray | None = None

    def vectors(self, num_columns: int) -> np.ndarray:
        """[T, 257], or [T, 260] with the crop. Raises `UserError` for 260 when the crop is not known."""
        return _joined(self, VECTOR_SLICES, num_columns, widths=(260, 257))

    @classmethod
    def from_vectors(cls, vectors_tn: np.ndarray) -> Self:
        """Split [T, 257] or [T, 260]. Raises `UserError` for any other shape, NaN or infinity."""
        return cls(**_split(vectors_tn, VECTOR_SLICES, widths=(260, 257)))

    @property
    def motion(self) -> MotionRows:
        """Expression, pose and crop alone."""
        return MotionRows(
            expression_tk=self.expression_tk,
            angle_t3=self.angle_t3,
            trans_t3=self.trans_t3,
            crop_t3=self.crop_t3,
        )


def checked(array: np.ndarray, name: str, *widths: int) -> np.ndarray:
    """`array` as float32 [T, one of widths]. Raises `UserError` for other shapes, no rows or NaN."""
    array = np.asarray(array)
    expected = " or ".join(f"[T, {width}]" for width in widths)
    if array.ndim != 2 or array.shape[1] not in widths or array.dtype.kind not in "fiu" or not len(array):
        raise UserError(
            f"{name} has shape {array.shape} and type {array.dtype}, expected {expected} numbers with one "
            "row a frame; transpose it, or join its frames along the first axis."
        )
    with np.errstate(over="ignore"):  # too large for float32 is infinity, which is told below
        array = array.astype(np.float32)
    bad_t = ~np.isfinite(array).all(axis=1)
    if bad_t.any():
        raise UserError(
            f"{name} has NaN or infinity in {bad_t.sum()} of {len(array)} frames, the first is frame "
            f"{bad_t.argmax()}; expected finite numbers: leave those frames out."
        )
    return array


def _split(array: np.ndarray, slices: dict[str, slice], *, widths: tuple[int, int]) -> dict[str, np.ndarray]:
    array = checked(array, "the coefficients", *widths)
    return {name: array[:, part] for name, part in slices.items() if part.stop <= array.shape[1]}


def _joined(
    parts: MotionRows | Deep3d, slices: dict[str, slice], width: int, *, widths: tuple[int, int]
) -> np.ndarray:
    if width not in widths:
        raise UserError(f"no layout has {width} columns, expected {widths[0]} or {widths[1]}; choose one.")
    names = [name for name, part in slices.items() if part.stop <= width]
    if "crop_t3" in names and parts.crop_t3 is None:
        raise UserError(
            f"the {width} columns end with the crop's ratio, t0 and t1, which this source does not hold; "
            f"write {widths[0] - 3} columns, or read a file that has transform_params."
        )
    columns = []
    for name in names:
        part = checked(getattr(parts, name), name, slices[name].stop - slices[name].start)
        columns.append(part)
    lengths = {len(part) for part in columns}
    if len(lengths) > 1:
        raise UserError(f"the parts have {sorted(lengths)} frames, expected the same number in each.")
    return np.concatenate(columns, axis=1)
