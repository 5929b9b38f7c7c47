"""The fit of a video drawn over the video, frame by frame, as an mp4; of a picture, as a PNG.

Shapes: T frames, L landmarks; a square is (centre x, centre y, side) in px of the source.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from style2talker import __version__
from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.errors import Reject
from style2talker.face.convert.square import into_square
from style2talker.face.crop import crop_frame, fomm_box
from style2talker.face.fit_video import VideoFit
from style2talker.face.model import FaceModel
from style2talker.face.overlay import MeshPen
from style2talker.face.storyboard import PANEL_PX, WIDTH_PX, Shot, draw_picture, draw_shot, height_px
from style2talker.media.audio import read_audio
from style2talker.media.container import open_media
from style2talker.media.encode import VideoWriter
from style2talker.media.video import read_frames
from style2talker.progress import track

MARGIN = 0.25  # of the face's longer side, around it


def write_fit_movie(
    out: Path,
    source: Path,
    fit: VideoFit,
    *,
    model: FaceModel,
    start_s: float = 0.0,
    end_s: float | None = None,
) -> None:
    """Decode the source a second time and write the mp4, with the source's sound.

    The metadata says what it is, and repeats the source's own comment, in which generated footage says so.
    """
    squares_t3, num_frames = view_squares(fit), len(fit.landmarks_tl3)
    shot = _shot(fit, squares_t3, title=source.name, start_s=start_s)

    def pictures() -> Iterator[np.ndarray]:
        frames = read_frames(source, start_s=start_s, end_s=end_s)
        for frame_hw3, (x, y, side) in zip(frames, squares_t3.tolist(), strict=False):
            yield crop_frame(frame_hw3, (x, y, side), size_px=PANEL_PX)

    pen = MeshPen(model)
    with VideoWriter(
        out,
        width=WIDTH_PX,
        height=height_px(model.expression_names),
        audio=_sound(source, num_frames, start_s=start_s),
        metadata={"title": source.name, "comment": _comment(source)},
    ) as writer:
        for frame_hw3 in track(draw_shot(pen, shot, pictures()), "draw", total=num_frames, unit="frames"):
            writer.write(frame_hw3)


def write_fit_picture(
    out: Path, picture_hw3: np.ndarray, fit: VideoFit, *, title: str, model: FaceModel
) -> None:
    """The three panels of one picture as a PNG."""
    (square_3,) = view_squares(fit).tolist()
    shot = _shot(fit, np.array([square_3]), title=title)
    panel_hw3 = crop_frame(picture_hw3, (square_3[0], square_3[1], square_3[2]), size_px=PANEL_PX)
    about = PngImagePlugin.PngInfo()
    about.add_text("Comment", f"Face fit by style2talker {__version__}, drawn over {title}.")
    Image.fromarray(draw_picture(MeshPen(model), shot, panel_hw3)).save(out, format="PNG", pnginfo=about)


def view_squares(fit: VideoFit) -> np.ndarray:
    """The square [T, 3] of the source that each frame shows: its stretch's, between stretches the nearest.

    It is moved into the picture where it fits in.
    """
    kept = [stretch for stretch in fit.stretches if stretch.kept]
    boxes = [fomm_box(fit.landmarks_tl3[part.begin : part.end], increase=MARGIN) for part in kept]
    square_s3 = np.array(boxes, np.float64)
    half_s1, size_2 = square_s3[:, 2:] / 2, np.array([fit.table.width_px, fit.table.height_px])
    inside_s2 = np.clip(square_s3[:, :2], half_s1, size_2 - half_s1)
    square_s3[:, :2] = np.where(2 * half_s1 <= size_2, inside_s2, square_s3[:, :2])
    frame_t1 = np.arange(len(fit.landmarks_tl3))[:, None]
    begin_s, last_s = np.array([(part.begin, part.end - 1) for part in kept]).T
    away_ts = np.maximum(np.maximum(begin_s - frame_t1, frame_t1 - last_s), 0)
    return square_s3[away_ts.argmin(axis=1)]


def _shot(fit: VideoFit, squares_t3: np.ndarray, *, title: str, start_s: float = 0.0) -> Shot:
    table = fit.table
    corner_t12 = (squares_t3[:, :2] - squares_t3[:, 2:] / 2)[:, None]
    scale_t11 = PANEL_PX / squares_t3[:, 2, None, None]
    return Shot(
        title=title,
        note=f"{table.width_px} x {table.height_px} px",
        identity_k=table.identity_k,
        expression_tk=table.expression_tk,
        rotation_t3=table.rotation_t3,
        translation_t3=into_square(table.translation_t3, squares_t3, size_px=PANEL_PX),
        error_t=table.error_t,
        landmarks_tl2=(fit.landmarks_tl3[..., :2] - corner_t12) * scale_t11,
        start_s=start_s,
    )


def _sound(source: Path, num_frames: int, *, start_s: float) -> np.ndarray | None:
    try:
        return read_audio(source, start_s=start_s, end_s=start_s + num_frames / FRAME_RATE_HZ)
    except Reject:
        return None  # silent footage is footage


def _comment(source: Path) -> str:
    with open_media(source) as container:
        said = container.metadata.get("comment", "").strip()
    drawn = f"Face fit by style2talker {__version__}, drawn over {source.name}."
    return f"{drawn} The source says: {said}" if said else drawn
