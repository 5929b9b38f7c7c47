"""Deep3D's camera and ours: the same angles, a pinhole against weak perspective.

Shapes: T frames, V points. Deep3D turns a point by R = Rz(roll) Ry(yaw) Rx(pitch) about axes that are ours (x
to the picture's right, y up, z to the viewer), so `angle` IS our rotation, with the same signs. It then adds
`trans` (BFM units of 10 cm), and a pinhole 10 units before the origin, focal length 1015 px, middle 112 px,
draws a crop of 224 px whose y counts up (Deep3DFaceRecon_pytorch, models/bfm.py: `compute_rotation`,
`transform`, `to_camera`, `to_image`).

Weak perspective has one scale for the whole head: the pinhole's at the model's origin. The two agree exactly
on the plane through the origin parallel to the picture and in the first order around it; a point one unit
nearer is drawn 11 % larger by the pinhole. The face models' origins differ (BFM's is the mean of its
vertices), so two fits of the same head differ by a constant shift along the face; `benchmarks/deep3d.py`
prints it.
"""

import numpy as np

from style2talker.errors import UserError
from style2talker.face.convert.square import CROP_PX
from style2talker.face.geometry import rotation_matrix

FOCAL_PX = 1015.0
CAMERA_DISTANCE = 10.0
CM_PER_UNIT = 10.0


def project_deep3d(points_tv3: np.ndarray, angle_t3: np.ndarray, trans_t3: np.ndarray) -> np.ndarray:
    """Points in BFM units to px of the 224 px crop [T, V, 2], y down."""
    turned_tv3 = np.einsum("tij,tvj->tvi", rotation_matrix(np.asarray(angle_t3, np.float64)), points_tv3)
    x_tv, y_tv, z_tv = np.moveaxis(turned_tv3 + np.asarray(trans_t3, np.float64)[:, None], -1, 0)
    scale_tv = FOCAL_PX / (CAMERA_DISTANCE - z_tv)
    return np.stack([CROP_PX / 2 + scale_tv * x_tv, CROP_PX / 2 - scale_tv * y_tv], axis=-1)


def from_deep3d(angle_t3: np.ndarray, trans_t3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rotation_t3 rad, translation_t3 in px of the 224 px crop) as geometry.py means them.

    Raises `UserError` when a head lies behind the camera.
    """
    trans_t3 = np.asarray(trans_t3, np.float64)
    distance_t = CAMERA_DISTANCE - trans_t3[:, 2]
    if not (distance_t > 0).all():
        raise UserError(
            f"trans has a z of {trans_t3[:, 2].max():.2f}, expected less than the camera's "
            f"{CAMERA_DISTANCE:.0f} BFM units; give columns 254 to 256 of the vector."
        )
    scale_t = FOCAL_PX / distance_t
    place = [CROP_PX / 2 + scale_t * trans_t3[:, 0], CROP_PX / 2 - scale_t * trans_t3[:, 1]]
    return np.asarray(angle_t3).copy(), np.stack([*place, scale_t / CM_PER_UNIT], axis=1)


def to_deep3d(rotation_t3: np.ndarray, translation_t3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(angle_t3, trans_t3) of a pose in px of the 224 px crop: the inverse of `from_deep3d`."""
    x_t, y_t, px_per_cm_t = np.asarray(translation_t3, np.float64).T
    if not (px_per_cm_t > 0).all():
        raise UserError(
            "a pose has px per cm that is not positive or NaN; leave frames without a face out of the "
            "conversion."
        )
    scale_t = px_per_cm_t * CM_PER_UNIT
    place = [(x_t - CROP_PX / 2) / scale_t, (CROP_PX / 2 - y_t) / scale_t]
    return np.asarray(rotation_t3).copy(), np.stack([*place, CAMERA_DISTANCE - FOCAL_PX / scale_t], axis=1)
