"""ARKit blendshapes as the CSV of the Live Link Face app, which Blender, Maya and Unreal add-ons read.

Shapes: T frames, K = 52 expressions in the order of EXPRESSION_NAMES. A line is Timecode (HH:MM:SS:FF.sss),
BlendShapeCount, the 52 values with capitalised names in the order of Unreal's EARFaceBlendShape, then yaw,
pitch and
roll of the head and of each eye in rad: 61 values. A line without a face has the count 0 and empty cells, as
the app writes it. Columns are read by name, whatever their order and case; the nine angles may be missing.

Epic documents no signs for the head. Open readers and writers agree on these, and so do we: HeadPitch is
positive with the nose UP (ours is positive down), HeadYaw and HeadRoll as ours. The eyes' angles are written
as
0: our gaze is in the eyeLook values.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from style2talker.errors import UserError
from style2talker.face.convert.timecode import frames_of, timecode
from style2talker.face.model import EXPRESSION_NAMES

HEAD_COLUMNS = ("HeadYaw", "HeadPitch", "HeadRoll")
LARGEST = 1e6  # no value or angle comes near; NaN and infinity are no numbers either
EYE_COLUMNS = tuple(f"{side}Eye{angle}" for side in ("Left", "Right") for angle in ("Yaw", "Pitch", "Roll"))


def _file_order() -> tuple[str, ...]:
    """The 52 names in the app's order: ARKit's, but right before left for the jaw's and the mouth's shift."""
    names = list(EXPRESSION_NAMES)
    for left, right in (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight")):
        i, j = names.index(left), names.index(right)
        names[i], names[j] = names[j], names[i]
    return tuple(names)


FILE_NAMES = _file_order()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArkitTake:
    """Expression and head rotation over time.

    Attributes:
        expression_tk: float32 [T, 52]; rows of NaN where there is no face.
        rotation_t3: float32 [T, 3] pitch, yaw, roll in rad as in geometry.py; zeros where the file has none.
        rate_hz: frames per second of the rows.
    """

    expression_tk: np.ndarray
    rotation_t3: np.ndarray
    rate_hz: float


def write_arkit(path: Path, take: ArkitTake) -> None:
    """Write the CSV; every float32 comes back to the bit. A frame with any NaN is a line without a face.

    Raises `UserError` for other shapes, values outside [0, 1] or a rate of no whole frames per second.
    """
    expression_tk, rotation_t3 = np.asarray(take.expression_tk), np.asarray(take.rotation_t3)
    expected = (len(rotation_t3), len(EXPRESSION_NAMES)), (len(rotation_t3), 3)
    if (expression_tk.shape, rotation_t3.shape) != expected:
        raise UserError(f"shapes {expression_tk.shape} and {rotation_t3.shape}, expected {expected}.")
    if take.rate_hz != int(take.rate_hz) or take.rate_hz < 1:
        raise UserError(f"timecodes count whole frames per second, got {take.rate_hz}; resample to 25 or 30.")
    if (np.nan_to_num(expression_tk) < 0).any() or (np.nan_to_num(expression_tk) > 1).any():
        raise UserError(
            "ARKit's values lie in [0, 1] and some do not; give coefficients of named blendshapes."
        )
    order = [EXPRESSION_NAMES.index(name) for name in FILE_NAMES]
    head_t3 = rotation_t3[:, [1, 0, 2]] * np.array([1, -1, 1], rotation_t3.dtype)
    values_tn = np.concatenate([expression_tk[:, order], head_t3], axis=1).astype(np.float32)
    num_values = len(FILE_NAMES) + len(HEAD_COLUMNS) + len(EYE_COLUMNS)
    header = [name[0].upper() + name[1:] for name in FILE_NAMES]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["Timecode", "BlendShapeCount", *header, *HEAD_COLUMNS, *EYE_COLUMNS])
        for frame, values_n in enumerate(values_tn):
            time = timecode(frame, int(take.rate_hz))
            if np.isfinite(values_n).all():
                eyes = ["0"] * len(EYE_COLUMNS)
                writer.writerow([time, num_values, *(f"{value:.9g}" for value in values_n), *eyes])
            else:
                writer.writerow([time, 0, *[""] * num_values])


def read_arkit(path: Path, *, rate_hz: int | None = None) -> ArkitTake:
    """Read a take. Frames that the timecodes leap over come back as frames without a face.

    Args:
        path: the CSV.
        rate_hz: frames per second that the timecodes count; None finds it, see `timecode.frames_of`.

    Raises:
        UserError: it is no CSV of UTF-8 text, columns are missing, a cell is no number, the timecodes go back
            or leave out more than an hour, or the rate cannot be told.
        OSError: the file cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{path} is not a CSV of UTF-8 text ({error}); expected one as Live Link Face records it: export "
            "it again."
        ) from error
    column = {name.lower(): index for index, name in enumerate(lines[0] if lines else [])}
    names = ["Timecode", "BlendShapeCount", *EXPRESSION_NAMES]
    missing = [name for name in names if name.lower() not in column]
    if missing or len(lines) < 2:
        raise UserError(
            f"{path} lacks {'the columns ' + ', '.join(missing) if missing else 'any frame'}; expected the "
            "CSV of Live Link Face, with ARKit's 52 names."
        )
    has_head = all(name.lower() in column for name in HEAD_COLUMNS)
    wanted = [column[name.lower()] for name in (*EXPRESSION_NAMES, *(HEAD_COLUMNS if has_head else ()))]
    first_cells = max(column["timecode"], column["blendshapecount"]) + 1
    if cut := next((line for line in lines[1:] if len(line) < first_cells), None):
        raise UserError(
            f"{path}: a line has {len(cut)} cells ({','.join(cut)[:40]!r}), expected {len(lines[0])} as "
            "in the header; the file is cut off or damaged: export it again, or delete that line."
        )
    try:
        frame_t, rate_hz = frames_of([line[column["timecode"]] for line in lines[1:]], rate_hz)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    values_tn = np.full((frame_t[-1] + 1, len(wanted)), np.nan, np.float32)
    for frame, line in zip(frame_t, lines[1:], strict=True):
        if line[column["blendshapecount"]].strip() in ("", "0"):
            continue
        try:
            values_tn[frame] = [_number(line[index]) for index in wanted]
        except (ValueError, IndexError) as error:
            raise UserError(
                f"{path}: the line of {line[column['timecode']]} has a cell that is missing or no number "
                f"({error}); expected one number a column, or BlendShapeCount 0."
            ) from error
    expression_tk, head_t3 = values_tn[:, : len(EXPRESSION_NAMES)], values_tn[:, len(EXPRESSION_NAMES) :]
    rotation_t3 = np.where(np.isnan(expression_tk[:, :1]), np.float32(np.nan), np.zeros((1, 3), np.float32))
    if has_head:
        rotation_t3 = head_t3[:, [1, 0, 2]] * np.array([-1, 1, 1], np.float32)
    return ArkitTake(expression_tk=expression_tk, rotation_t3=rotation_t3, rate_hz=rate_hz)


def _number(cell: str) -> float:
    number = float(cell)
    if not abs(number) < LARGEST:
        raise ValueError(f"{cell.strip()} is beyond all values and angles")
    return number
