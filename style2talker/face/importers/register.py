"""Where MediaPipe's landmarks lie on another face mesh: the embedded mean face, bent onto it.

Shapes: V vertices, F triangles, N places, S seeds, L landmarks.

A few landmarks are known on the other mesh (seeds). The embedded mean face is brought there by a similarity,
then bent so that it meets the seeds and touches the surface while bending as little as it can (non-rigid
iterative closest points, after Amberg, Romdhani and Vetter 2007, with a bi-Laplacian for the stiffness). Each
of its vertices then takes the nearest place on the surface.
"""

from collections.abc import Mapping

import numpy as np

from style2talker.errors import UserError
from style2talker.face.canonical import (
    EYE_LEFT_LOWER,
    EYE_LEFT_UPPER,
    EYE_RIGHT_LOWER,
    EYE_RIGHT_UPPER,
    IRIS_LEFT,
    IRIS_RIGHT,
    mirror_vertices,
    open_triangles,
)
from style2talker.face.importers.surface import nearest_on_mesh, triangle_normals, vertex_normals
from style2talker.face.model import embedded
from style2talker.face.skin import NUM_SKIN, SkinFill

STIFFNESS = (30.0, 10.0, 10.0, 10.0, 10.0)  # of bending against touching, one value per round
REST = 0.3  # of staying where the similarity put it, so that the forehead, which has no seed, does not slide
SEED_WEIGHT = 10.0
FARTHEST_CM = 0.5  # a landmark that ends farther from the surface has no place on the mesh
FEWEST_SEEDS = 6
EYES = ((EYE_RIGHT_UPPER + EYE_RIGHT_LOWER, IRIS_RIGHT), (EYE_LEFT_UPPER + EYE_LEFT_LOWER, IRIS_LEFT))


def register(
    vertices_v3: np.ndarray,
    skin_f3: np.ndarray,
    seeds: Mapping[tuple[int, ...], np.ndarray],
    *,
    eyeballs_f3: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """The correspondence of a mesh with MediaPipe's landmarks, as keyword arguments of `FaceModel`.

    Args:
        vertices_v3: the mean face, in any unit and pose.
        skin_f3: its triangles without eyeballs, either winding.
        seeds: positions [3] on the mesh, each of the mean of some MediaPipe landmarks.
        eyeballs_f3: triangles of the eyeballs; without them the ten iris landmarks have no place.

    Raises `UserError` for too few seeds, NaN or infinity.
    """
    if not np.isfinite(vertices_v3).all():
        raise UserError("the mean face holds NaN or infinity; fetch the upstream file again.")
    if len(seeds) < FEWEST_SEEDS:
        raise UserError(
            f"{len(seeds)} landmarks of the mesh are known, expected {FEWEST_SEEDS} or more to place the "
            "others."
        )
    template = embedded()
    open_f3 = template.triangles_f3[open_triangles(template.triangles_f3)]
    template_v3 = template.mean_v3.astype(np.float64)
    goal_s3 = np.stack(list(seeds.values())).astype(np.float64)
    mean_sv = np.zeros((len(seeds), NUM_SKIN))
    for row_v, landmarks in zip(mean_sv, seeds, strict=True):
        row_v[list(landmarks)] = 1 / len(landmarks)
    placed_v3, scale = similarity(mean_sv @ template_v3[:NUM_SKIN], goal_s3, template_v3)
    start_v3 = bent_v3 = placed_v3[:NUM_SKIN]
    skin_f3 = _outwards(start_v3, vertex_normals(start_v3, open_f3), vertices_v3, skin_f3)
    bending_vv = SkinFill(template_v3, template.triangles_f3, mirror_vertices(template_v3)).bending_vv
    for stiffness in STIFFNESS:
        corner_n3, weight_n3, distance_n = nearest_on_mesh(
            bent_v3, vertices_v3, skin_f3, normals_n3=vertex_normals(bent_v3, open_f3)
        )
        touch_v3 = np.einsum("nw,nwx->nx", weight_n3, vertices_v3[corner_n3])
        near_v1 = (distance_n < 2 * FARTHEST_CM * scale)[:, None].astype(np.float64)
        left_vv = np.diagflat(near_v1 + REST) + stiffness * bending_vv + SEED_WEIGHT * mean_sv.T @ mean_sv
        right_v3 = near_v1 * (touch_v3 - start_v3) + SEED_WEIGHT * mean_sv.T @ (goal_s3 - mean_sv @ start_v3)
        bent_v3 = start_v3 + np.linalg.solve(left_vv, right_v3)
    found = [nearest_on_mesh(bent_v3, vertices_v3, skin_f3, normals_n3=vertex_normals(bent_v3, open_f3))]
    if eyeballs_f3 is not None:
        irises_n3 = np.concatenate(
            [placed_v3[list(iris)] + (bent_v3 - start_v3)[list(rim)].mean(axis=0) for rim, iris in EYES]
        )
        found.append(nearest_on_mesh(irises_n3, vertices_v3, eyeballs_f3))
    corner_n3, weight_n3, distance_n = (np.concatenate(parts) for parts in zip(*found, strict=True))
    kept = np.flatnonzero(distance_n < FARTHEST_CM * scale)
    return {
        "landmark_l": kept.astype(np.int32),
        "landmark_vertices_l3": corner_n3[kept].astype(np.int32),
        "landmark_weights_l3": weight_n3[kept].astype(np.float32),
    }


def _outwards(
    points_n3: np.ndarray, normals_n3: np.ndarray, vertices_v3: np.ndarray, triangles_f3: np.ndarray
) -> np.ndarray:
    """The triangles wound so that most of them near the points face the way of the points' normals."""
    corner_n3, _, _ = nearest_on_mesh(points_n3, vertices_v3, triangles_f3)
    agreement = (triangle_normals(vertices_v3, corner_n3) * normals_n3).sum()
    return triangles_f3 if agreement >= 0 else triangles_f3[:, ::-1]


def similarity(from_s3: np.ndarray, to_s3: np.ndarray, points_n3: np.ndarray) -> tuple[np.ndarray, float]:
    """`points_n3` after the shift, turn and scale that bring `from_s3` nearest to `to_s3` (Umeyama 1991).

    Also returns that scale.
    """
    from_mean, to_mean = from_s3.mean(axis=0), to_s3.mean(axis=0)
    u, singular, vt = np.linalg.svd((to_s3 - to_mean).T @ (from_s3 - from_mean))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = float((singular * sign).sum() / ((from_s3 - from_mean) ** 2).sum())
    return to_mean + scale * (points_n3 - from_mean) @ (u * sign @ vt).T, scale
