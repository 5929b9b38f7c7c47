"""One file to another: what `style2talker face convert` does, and which conversions have a meaning."""

from pathlib import Path

import numpy as np

from style2talker.errors import UserError
from style2talker.face.convert.arkit import ArkitTake, read_arkit, write_arkit
from style2talker.face.convert.deep3d import MotionRows
from style2talker.face.convert.files import Deep3dFile, read_deep3d, write_deep3d
from style2talker.face.convert.own import motion_rows
from style2talker.face.convert.target import Target
from style2talker.face.convert.window import windows
from style2talker.face.importers.bfm import NAME as BFM
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.face.not_over import check_not_over
from style2talker.face.table import FaceTable, read_table, write_table

_SUFFIXES = {Target.ARKIT_CSV: (".csv",), Target.PARQUET: (".parquet",)}
_DEEP3D = (Target.DEEP3D_257, Target.DEEP3D_260)


def convert(
    source: Path,
    *,
    to: Target,
    out: Path,
    expression_from: Path | None = None,
    rate_hz: int | None = None,
) -> str:
    """Read `source`, write `out`, and say in one sentence what was written.

    Args:
        source: .mat or .npy of Deep3D (see `files.py`), .parquet (`face/table.py`) or .csv (`arkit.py`).
        expression_from: a Deep3D file of the same frames, whose BFM expression goes with our pose. A fit with
            the imported BFM needs none: its 64 coefficients are Deep3D's.
        rate_hz: frames per second that a CSV's timecodes count, where they do not tell.

    Raises:
        UserError: a suffix that does not fit, a file that would be written over, or a conversion that has no
            meaning.
    """
    allowed = _SUFFIXES.get(to, (".npy", ".mat") if to in _DEEP3D else (".npy",))
    if out.suffix not in allowed:
        raise UserError(f"--out {out} ends in {out.suffix!r}, expected {' or '.join(allowed)} for {to}.")
    for read in (source, expression_from):
        if read is not None:
            check_not_over(read, out, option="--out")
    if source.suffix in (".mat", ".npy"):
        return _from_deep3d(read_deep3d(source), source, to=to, out=out)
    if source.suffix == ".csv":
        table = _table_of(read_arkit(source, rate_hz=rate_hz))
    elif source.suffix == ".parquet":
        if rate_hz is not None:
            raise UserError(
                f"{source} holds its own rate; --rate is for a CSV whose timecodes do not tell, leave it out."
            )
        table = read_table(source)
    else:
        raise UserError(f"{source} ends in {source.suffix!r}, expected .parquet, .csv, .mat or .npy.")
    return _from_table(table, source, to=to, out=out, expression_from=expression_from)


def _from_deep3d(file: Deep3dFile, source: Path, *, to: Target, out: Path) -> str:
    if to in _SUFFIXES:
        raise UserError(
            f"{source} holds BFM's 64 expression components and {to} holds ARKit's 52 named movements; no "
            "table turns one into the other. Fit the video itself: style2talker face fit."
        )
    if to not in _DEEP3D:
        return _write_motion(file.motion, to=to, out=out)
    if file.coefficients is None:
        raise UserError(
            f"{source} holds expression and pose only, without the identity, texture and light of {to}; give "
            "the file that Deep3D wrote, or choose window73, window70, rows73 or rows70."
        )
    write_deep3d(out, file.coefficients, num_columns=to.num_columns, transform_t5=file.transform_t5)
    return f"{out}: {len(file.motion.angle_t3)} frames of {to.num_columns} numbers"


def _from_table(
    table: FaceTable, source: Path, *, to: Target, out: Path, expression_from: Path | None
) -> str:
    num_frames = len(table.face_found_t)
    if to is Target.PARQUET:
        write_table(out, table)
        return f"{out}: {num_frames} frames of {len(table.expression_names)} expressions and pose"
    if to is Target.ARKIT_CSV:
        write_arkit(out, _take_of(table, source))
        return f"{out}: {num_frames} lines at {table.rate_hz:g} Hz, {_without_face(table)} without a face"
    if to in _DEEP3D:
        raise UserError(
            f"{to} wants BFM's texture and light of every frame, which no fit of landmarks has; choose "
            "window73, window70, rows73 or rows70."
        )
    expression_tk = _bfm_expression(table, source, expression_from)
    if not np.isfinite(table.translation_t3).all() or not table.width_px:
        raise UserError(
            f"{source} has {_without_face(table)} frames without a face or no picture size; a renderer needs "
            "a pose in every frame: cut the video to where the face is seen and fit that."
        )
    motion = motion_rows(
        table.rotation_t3,
        table.translation_t3,
        bfm_expression_tk=expression_tk,
        width_px=table.width_px,
        height_px=table.height_px,
    )
    return _write_motion(motion, to=to, out=out)


def _bfm_expression(table: FaceTable, source: Path, expression_from: Path | None) -> np.ndarray:
    if expression_from is not None:
        return read_deep3d(expression_from).motion.expression_tk
    if table.face_model == BFM:
        return table.expression_tk
    raise UserError(
        f"{source} was fitted with {table.face_model or 'another tool'}, and a renderer wants BFM's "
        "expression components: no table turns one into the other. Give --expression-from DEEP3D_FILE of the "
        f"same frames, or fit the video with {BFM}."
    )


def _write_motion(motion: MotionRows, *, to: Target, out: Path) -> str:
    rows_tk = motion.rows(to.num_columns)
    array = windows(rows_tk) if to in (Target.WINDOW_73, Target.WINDOW_70) else rows_tk
    np.save(out, array, allow_pickle=False)
    return f"{out}: float32 {list(array.shape)}"


def _without_face(table: FaceTable) -> int:
    return int((~np.isfinite(table.expression_tk).all(axis=1)).sum())


def _take_of(table: FaceTable, source: Path) -> ArkitTake:
    unknown = sorted(set(EXPRESSION_NAMES) - set(table.expression_names))
    if unknown:
        raise UserError(
            f"{source} was fitted with {table.face_model}, whose expressions are not ARKit's ({len(unknown)} "
            "of 52 are missing); fit with a model of named blendshapes, such as the embedded one."
        )
    columns = [table.expression_names.index(name) for name in EXPRESSION_NAMES]
    return ArkitTake(
        expression_tk=table.expression_tk[:, columns],
        rotation_t3=table.rotation_t3,
        rate_hz=table.rate_hz,
    )


def _table_of(take: ArkitTake) -> FaceTable:
    """A CSV has no place in the picture, no identity and no quality: those are NaN or empty."""
    found_t = np.asarray(np.isfinite(take.expression_tk).all(axis=1))
    unknown_t3 = np.full((len(found_t), 3), np.nan, np.float32)
    return FaceTable(
        face_found_t=found_t,
        expression_tk=take.expression_tk,
        rotation_t3=take.rotation_t3,
        translation_t3=unknown_t3,
        error_t=unknown_t3[:, 0],
        confidence_t=unknown_t3[:, 0],
        visibility_t=unknown_t3[:, 0],
        expression_names=EXPRESSION_NAMES,
        identity_k=np.zeros(0, np.float32),
        face_model="",
        face_model_sha256="",
        rate_hz=take.rate_hz,
        width_px=0,
        height_px=0,
    )
