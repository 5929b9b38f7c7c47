"""A clip's fit in the vectors that Deep3D users' loaders read, and its landmarks in the 68 points of iBUG.

Shapes: T frames, K coefficients, L landmarks. The picture is the corpus' 256 px crop.

Pose and crop are exact (`face.convert.own`). Identity and expression are OUR face model's, padded with zeros
to the 80 and 64 columns of BFM: they train a network that maps to and from them, but they are another basis,
and a renderer or loss that holds BFM must not be given them. Texture and light are zeros, for nobody measured
them.
"""

from dataclasses import dataclass

import numpy as np

from style2talker.corpus.reader import Row
from style2talker.corpus.schema import FRAME_SIZE_PX
from style2talker.errors import UserError
from style2talker.face.convert.deep3d import VECTOR_SLICES, Deep3d
from style2talker.face.convert.own import aligned_squares, motion_rows
from style2talker.face.convert.square import transform_params
from style2talker.face.geometry import project
from style2talker.face.importers.ibug import IBUG_TO_MEDIAPIPE
from style2talker.face.model import FaceModel

# MediaPipe's face oval from the right temple over the chin to the left one.
_OVAL = (
    *(127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152),
    *(377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356),
)
_JAW_POINTS = 17
_EYES_NOSE_MOUTH = ((36, 39), (42, 45), (30,), (48,), (54,))  # of the 68, as Deep3D's `extract_5p` takes them


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialClip:
    """Numbers of one clip, float32: Deep3D's coefficients, alignment [T, 5], landmarks in px with y down."""

    coefficients: Deep3d
    transform_t5: np.ndarray
    lm68_tl2: np.ndarray

    @property
    def lm5_tl2(self) -> np.ndarray:
        """[T, 5, 2] right eye, left eye, nose, corners of the mouth."""
        return np.stack([self.lm68_tl2[:, list(points)].mean(axis=1) for points in _EYES_NOSE_MOUTH], axis=1)


def official_clip(row: Row, model: FaceModel) -> OfficialClip:
    """Convert a clip of the corpus.

    Raises:
        UserError: it was fitted with another face model, or that model has more modes than BFM has columns.
    """
    if row["face_model_sha256"] != model.sha256:
        raise UserError(
            f"clip {row['clip_id']} was fitted with face model {row['face_model_sha256'][:12]}, expected "
            f"{model.sha256[:12]}; build the corpus again with this version."
        )
    rotation_t3, translation_t3 = row["rotation"], row["translation"]
    motion = motion_rows(
        rotation_t3,
        translation_t3,
        bfm_expression_tk=_padded(row["expression"], "expression_tk"),
        width_px=FRAME_SIZE_PX,
        height_px=FRAME_SIZE_PX,
    )
    num_frames = len(rotation_t3)
    identity_tk = np.tile(row["identity"], (num_frames, 1))
    coefficients = Deep3d(
        identity_tk=_padded(identity_tk, "identity_tk"),
        expression_tk=motion.expression_tk,
        texture_tk=_padded(np.empty((num_frames, 0)), "texture_tk"),
        angle_t3=motion.angle_t3,
        gamma_tk=_padded(np.empty((num_frames, 0)), "gamma_tk"),
        trans_t3=motion.trans_t3,
        crop_t3=motion.crop_t3,
    )
    landmarks_tl3 = model.at_landmarks(model.shape(row["identity"], row["expression"]))
    return OfficialClip(
        coefficients=coefficients,
        transform_t5=transform_params(
            aligned_squares(translation_t3), width_px=FRAME_SIZE_PX, height_px=FRAME_SIZE_PX
        ),
        lm68_tl2=ibug_points(project(landmarks_tl3, rotation_t3, translation_t3)).astype(np.float32),
    )


def ibug_points(landmarks_tl2: np.ndarray) -> np.ndarray:
    """The 68 points [T, 68, 2] from MediaPipe's 478 [T, 478, 2].

    Jaw points are spread evenly along the face oval on both sides of the chin: where a detector would see
    the silhouette of a turned head they lie on the skin instead.
    """
    points = np.empty((len(landmarks_tl2), 68, 2))
    for point, sources in IBUG_TO_MEDIAPIPE.items():
        points[:, point] = landmarks_tl2[:, list(sources)].mean(axis=1)
    chin, half = _OVAL.index(152), _JAW_POINTS // 2
    points[:, : half + 1] = _spread(landmarks_tl2[:, list(_OVAL[: chin + 1])], half + 1)
    points[:, half:_JAW_POINTS] = _spread(landmarks_tl2[:, list(_OVAL[chin:])], half + 1)
    return points


def _spread(line_tn2: np.ndarray, num_points: int) -> np.ndarray:
    """Points at equal distances along each polyline, ends included."""
    steps_tn = np.linalg.norm(np.diff(line_tn2, axis=1), axis=2)
    along_tn = np.concatenate([np.zeros((len(line_tn2), 1)), np.cumsum(steps_tn, axis=1)], axis=1)
    even_tm = along_tn[:, -1:] * np.linspace(0, 1, num_points)
    return np.stack(
        [
            np.stack([np.interp(even, along, line[:, axis]) for axis in (0, 1)], axis=1)
            for even, along, line in zip(even_tm, along_tn, line_tn2, strict=True)
        ]
    )


def _padded(values_tk: np.ndarray, part: str) -> np.ndarray:
    width = VECTOR_SLICES[part].stop - VECTOR_SLICES[part].start
    missing = width - values_tk.shape[1]
    if missing < 0:
        raise UserError(
            f"the face model has {values_tk.shape[1]} modes of {part.partition('_')[0]}, the official layout "
            f"holds {width}; build the corpus with a smaller model."
        )
    return np.pad(np.asarray(values_tk, np.float32), ((0, 0), (0, missing)))
