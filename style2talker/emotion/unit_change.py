"""How far each action unit changed between two frontal views of one person, by aligning the pictures.

No landmark follows a cheek or the wing of a nose, and hardly one a lowered brow; the skin's own shades do. So
the first picture is warped along the movements that units make (the face model's expression shapes, taken
one side at a time) until it shows the second:

    sum_x rho(clip(x + B a) - neutral(x)) + |landmarks' change - g L a|^2 + sum_u l_u a_u,     a_u >= 0

solved by Gauss-Newton from coarse to fine (Lucas & Kanade 1981; Baker & Matthews 2004), rho as Cauchy's.

- Pictures are set against their own blur over 1.7 cm, so that light and camera do not count.
- Points near the closed mouth's line are left out: what appears there when lips part was nowhere before.
- Landmarks start the search, for large movements; after the coarsest picture only those around the mouth
  stay. g is how far the tracker follows each unit.
- Six small movements of the head are free in each of both terms: what the pose's error leaves.
- a_u >= 0, because the neutral is where units are at rest; a few units, not a little of all, is what faces
  do, so a unit must be worth KAPPA standard errors (a lasso: Tibshirani 1996). What is kept is solved for
  again without that price.

Shapes: V vertices, H W grid, U columns (unit and side), N = U + 12 unknowns, P points of the grid,
L landmarks, M = 2 L coordinates.
"""

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import cv2
import numpy as np
from scipy.optimize import nnls

from style2talker.emotion.facs import blendshapes_of
from style2talker.emotion.frontal import HEIGHT, STEP_CM, WIDTH, Frontal, carried, on_face, surface
from style2talker.face.canonical import LIPS_LOWER_INNER, LIPS_UPPER_INNER
from style2talker.face.model import embedded
from style2talker.threads import one_blas_thread

UNITS_SEEN = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 24, 26)
SIDED_UNITS = frozenset({2, 10, 12, 14})  # what faces do on one side; the others are taken for both at once
BLURS_CM = (0.7, 0.42, 0.21, 0.11)
STEPS = (3, 3, 3, 4)
LIGHT_CM = 1.7
PICTURE_SIGMA = 0.02  # of contrast: what two frontal pictures of the same face differ by
LANDMARK_SIGMA_CM = 0.06
LANDMARKS_TOGETHER = 20  # so many neighbouring landmarks err as one
UNIT_SIGMA, POSE_SIGMA = 1.0, 0.2
KAPPA = 1.0
CHIN_CM, MOUTH_CM = -8.6, -2.6  # y of the lowest grid point used, and of the highest landmark of the mouth
LIPS_APART_CM = 0.3
# Landmarks' movement over the skin's for one unit at full strength, least squares, mean of four drawn people.
FOLLOWED = MappingProxyType(
    {1: 0.84, 2: 0.68, 4: 0.05, 5: 0.45, 6: 0.12, 7: 0.70, 9: 0.27, 10: 0.65}
    | {12: 0.62, 14: 0.60, 15: 0.68, 17: 0.60, 20: 0.62, 24: 0.68, 26: 0.80}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    columns: tuple[tuple[int, str], ...]
    moves_nhw2: np.ndarray
    landmarks_nm: np.ndarray
    mouth_m: np.ndarray
    points: tuple[np.ndarray, ...]


@lru_cache(maxsize=1)
def basis() -> _Basis:
    """What each unknown moves: grid points by (right, down) grid steps, landmarks by sigmas."""
    model = embedded()
    columns: list[tuple[int, str]] = []
    fields_uv2, follow_u = [], []
    for unit in UNITS_SEEN:
        left_k = blendshapes_of({unit: 1.0}, left_only={unit})
        halves = {"left": left_k, "right": blendshapes_of({unit: 1.0}) - left_k}
        if unit not in SIDED_UNITS:
            halves = {"both": blendshapes_of({unit: 1.0})}
        for side, amount_k in halves.items():
            columns.append((unit, side))
            fields_uv2.append(np.tensordot(amount_k, model.expression_kv3, axes=1)[:, :2])
            follow_u.append(FOLLOWED[unit])
    units = np.array(fields_uv2)
    nothing = np.zeros((6, *units.shape[1:]))
    grid_pose, point_pose = _pose(surface().reshape(-1, 3)), _pose(model.at_landmarks(model.mean_v3))
    moves = np.stack([carried(field_v2) for field_v2 in units])
    moves = np.concatenate([moves, grid_pose.reshape(6, HEIGHT, WIDTH, 2)]) * [1, -1] / STEP_CM
    at_landmarks = model.at_landmarks(np.concatenate([units, nothing], axis=0)[..., [0, 1, 1]])[..., :2]
    at_landmarks = at_landmarks * np.append(follow_u, np.ones(6))[:, None, None]
    landmarks = np.concatenate([at_landmarks, point_pose]) * _landmark_weight()
    low = model.at_landmarks(model.mean_v3)[:, 1] < MOUTH_CM
    across_hw, up_hw = np.moveaxis(surface()[..., :2], -1, 0)
    used_hw = on_face() & (up_hw > CHIN_CM)
    for vertex in {*LIPS_LOWER_INNER, *LIPS_UPPER_INNER}:
        x, y, _ = model.mean_v3[vertex]
        used_hw &= np.hypot(across_hw - x, up_hw - y) > LIPS_APART_CM
    return _Basis(
        columns=tuple(columns),
        moves_nhw2=moves.astype(np.float32),
        landmarks_nm=landmarks.reshape(len(landmarks), -1),
        mouth_m=np.repeat(low, 2),
        points=np.nonzero(used_hw),
    )


def _pose(points_p3: np.ndarray) -> np.ndarray:
    """How points move as the head shifts, nears, rolls, turns and nods a little [6, P, 2]."""
    x, y, z = points_p3.T
    z, zero, one = z - z.mean(), np.zeros_like(x), np.ones_like(x)
    pairs = ((one, zero), (zero, one), (x, y), (-y, x), (z, zero), (zero, z))
    return np.array([np.stack(pair, axis=1) for pair in pairs])


def _landmark_weight() -> float:
    return 1 / (LANDMARK_SIGMA_CM * np.sqrt(LANDMARKS_TOGETHER))


def unit_change(neutral: Frontal, clip: Frontal) -> dict[tuple[int, str], float]:
    """Amount of each unit and side ("left", "right", or "both" of what has no sides), 1 is the shape's full.

    At least 0, and 0 for what the pictures do not call for.
    """
    with one_blas_thread():
        return _aligned(neutral, clip)


def _aligned(neutral: Frontal, clip: Frontal) -> dict[tuple[int, str], float]:
    known = basis()
    num_units, num_all = len(known.columns), len(known.columns) + 12
    change_m = ((clip.landmarks_l2 - neutral.landmarks_l2) * _landmark_weight()).ravel()
    prior_nn = np.diag(np.append(np.full(num_units, UNIT_SIGMA**-2), np.full(12, POSE_SIGMA**-2)))
    all_nm, mouth_nm = known.landmarks_nm, known.landmarks_nm * known.mouth_m
    fixed_nn, fixed_n = prior_nn + all_nm @ all_nm.T, all_nm @ change_m
    amount_n = _sparse(fixed_nn, fixed_n, num_units, KAPPA)
    seen = slice(0, num_all - 6)
    allowed_u = np.ones(num_units, bool)
    for scale, (blur_cm, num_steps) in enumerate(zip(BLURS_CM, STEPS, strict=True)):
        if scale == 1:
            fixed_nn, fixed_n = prior_nn + mouth_nm @ mouth_nm.T, mouth_nm @ change_m
        before_hw, after_hw = (_contrast(each.picture_hw, blur_cm) for each in (neutral, clip))
        slopes = np.gradient(after_hw)[::-1]
        for step in range(num_steps):
            last = scale == len(BLURS_CM) - 1 and step >= num_steps - 2
            normal_nn, right_n = fixed_nn.copy(), fixed_n.copy()
            own_nn, own_n = _normal(before_hw, (after_hw, *slopes), amount_n[seen], blur_cm)
            normal_nn[seen, seen] += own_nn
            right_n[seen] += own_n
            if last:
                allowed_u = amount_n[:num_units] > 0
            amount_n = _sparse(normal_nn, right_n, num_units, 0.0 if last else KAPPA, allowed_u)
    return dict(zip(known.columns, amount_n[:num_units].tolist(), strict=True))


def _contrast(picture_hw: np.ndarray, blur_cm: float) -> np.ndarray:
    fine, light = (cv2.GaussianBlur(picture_hw, (0, 0), cm / STEP_CM) for cm in (blur_cm, LIGHT_CM))
    return (fine - light) / (light + 5)


def _normal(
    before_hw: np.ndarray, after_3hw: tuple[np.ndarray, ...], amount_n: np.ndarray, blur_cm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Normal matrix and right side of the pictures at the amounts."""
    known = basis()
    rows, columns = known.points
    moved_p2 = np.tensordot(amount_n, known.moves_nhw2[:, rows, columns], axes=1)
    at_p2 = (moved_p2 + np.stack([columns, rows], axis=1)).astype(np.float32)
    shown_p, across_p, down_p = (
        cv2.remap(each, at_p2[:, :1], at_p2[:, 1:], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)[:, 0]
        for each in after_3hw
    )
    strays_p = shown_p - before_hw[rows, columns]
    moves_np2 = known.moves_nhw2[:, rows, columns]
    slope_np = across_p * moves_np2[..., 0] + down_p * moves_np2[..., 1]
    together = 1 + 12 * (blur_cm / STEP_CM) ** 2  # the area of the blur, in points
    weight_p = 1 / np.sqrt(1 + (strays_p / (2 * PICTURE_SIGMA)) ** 2) / PICTURE_SIGMA**2 / together
    weighted_np = slope_np * weight_p
    return weighted_np @ slope_np.T, weighted_np @ (slope_np.T @ amount_n - strays_p)


def _sparse(
    normal_nn: np.ndarray,
    right_n: np.ndarray,
    num_units: int,
    price: float,
    allowed_u: np.ndarray | None = None,
) -> np.ndarray:
    """The minimum over units >= 0, with `price` standard errors for each, and everything else free."""
    units, rest = slice(0, num_units), slice(num_units, None)
    by_rest = np.linalg.solve(normal_nn[rest, rest], normal_nn[rest])
    own_uu = normal_nn[units, units] - normal_nn[units, rest] @ by_rest[:, units]
    own_u = right_n[units] - by_rest[:, units].T @ right_n[rest]
    own_u = own_u - price * np.sqrt(np.diag(own_uu))
    kept = np.arange(num_units) if allowed_u is None else np.flatnonzero(allowed_u)
    amount_n = np.zeros(len(right_n))
    if len(kept):
        upper = np.linalg.cholesky(own_uu[np.ix_(kept, kept)]).T
        amount_n[kept] = nnls(upper, np.linalg.solve(upper.T, own_u[kept]))[0]
    amount_n[rest] = np.linalg.solve(
        normal_nn[rest, rest], right_n[rest] - normal_nn[rest, units] @ amount_n[units]
    )
    return amount_n
