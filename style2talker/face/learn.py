"""Learn a face model from footage; EMBEDDED.md tells how the embedded one was.

Shapes: P people, T frames, V vertices (478), K modes. Unit cm.

Starts from the drawn prior (drawn.py) and repeats: fit every source with the present model; lift what the fit
leaves over from the picture back into model space; regress it on the fitted expression, by ridge towards
the drawn shapes and the more firmly the farther a vertex is from what a shape was drawn to move; take the
people's neutral faces for a new mean and, by principal components, the first identity modes. Every source
is used with its mirror image, so the result is exactly symmetric. The camera sees no depth, so depth stays
as drawn except where heads turn.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from style2talker.errors import UserError
from style2talker.face.canonical import LIPS_LOWER_INNER, LIPS_UPPER_INNER, canonical_mesh, mirror_vertices
from style2talker.face.drawn import close_lips, draw_expressions, draw_identities
from style2talker.face.fit import Fit, fit_clip
from style2talker.face.footage import Source
from style2talker.face.geometry import rotation_matrix
from style2talker.face.model import EXPRESSION_NAMES, FaceModel, own_landmarks
from style2talker.face.rigid import pose_fields
from style2talker.face.skin import SkinFill

NUM_ROUNDS = 3
RIDGE = 4.0  # in frames at coefficient 1: a shape seen less than this stays as drawn
FAR_RIDGE = 200.0  # the same for vertices that the drawn shape does not move
MEAN_PRIOR_PEOPLE = 2.0  # the canonical face counts as this many people
PEOPLE_PER_MODE = 2  # fewer people than this cannot tell a mode from chance
NUM_MODES = 18
CLOSES = 0.95  # landmarks of shut lids and lips never quite meet
LEAST_SCORE = 0.02  # a shape whose score never passes this was not shown
MIRROR_K = [
    EXPRESSION_NAMES.index(name.replace("Left", "Right") if "Left" in name else name.replace("Right", "Left"))
    for name in EXPRESSION_NAMES
]
STABLE = (6, 168, 197, 195, 5, 4, 1, 33, 133, 362, 263, 127, 356, 162, 389, 54, 284, 10, 151, 9, 8)


def drawn_model(task_path: Path) -> FaceModel:
    """The model before any footage: canonical mesh with closed lips, drawn expressions and identities."""
    vertices_v3, triangles_f3 = canonical_mesh(task_path)
    fill = SkinFill(vertices_v3, triangles_f3, mirror_vertices(vertices_v3))
    mean_v3 = vertices_v3 + close_lips(fill)
    return FaceModel(
        name="style2talker-face-1",
        licence="Apache-2.0",
        sha256="",
        mean_v3=mean_v3,
        identity_kv3=without_pose(draw_identities(fill), mean_v3),
        expression_kv3=draw_expressions(fill),
        triangles_f3=triangles_f3,
        expression_names=EXPRESSION_NAMES,
        expression_kind="blendshapes",
        **own_landmarks(),
    )


def without_pose(
    field_kv3: np.ndarray, mean_v3: np.ndarray, vertices: tuple[int, ...] | None = None
) -> np.ndarray:
    """Fields less the shift, turn and growth that explain them best at `vertices` (all by default)."""
    chosen = list(vertices) if vertices is not None else list(range(len(mean_v3)))
    pose_nv3 = pose_fields(mean_v3)
    flat_kn, flat_7n = field_kv3[:, chosen].reshape(len(field_kv3), -1), pose_nv3[:, chosen].reshape(7, -1)
    amount_7k = np.linalg.lstsq(flat_7n.T, flat_kn.T, rcond=None)[0]
    return field_kv3 - np.tensordot(amount_7k.T, pose_nv3, axes=1)


def learn(
    sources: Sequence[Source], drawn: FaceModel, *, rounds: int = NUM_ROUNDS, num_modes: int = NUM_MODES
) -> FaceModel:
    """The model learned from `sources`, starting from and tied to `drawn`, with `num_modes` of identity.

    Raises `UserError` where there is no source.
    """
    if not sources:
        raise UserError("there is no footage with a face to learn from; give at least one clip.")
    model = drawn
    scored = np.max([np.nanmax(source.blendshapes_tk, axis=0) for source in sources], axis=0) > LEAST_SCORE
    for _ in range(rounds):
        fits = [fit_source(source, model) for source in sources]
        lifted = [
            (lift(source, fit, model), regressors(source, fit))
            for source, fit in zip(sources, fits, strict=True)
        ]
        model = replace(model, expression_kv3=_expressions(lifted, drawn, scored))
        neutral_pv3 = neutral_faces([source.person for source in sources], lifted, model)
        mean_v3 = drawn.mean_v3 + (neutral_pv3 - drawn.mean_v3).sum(axis=0) / (
            len(neutral_pv3) + MEAN_PRIOR_PEOPLE
        )
        model = replace(
            model, mean_v3=mean_v3, identity_kv3=_identities(neutral_pv3, mean_v3, drawn, num_modes)
        )
        model = closing(model)
    # A tenth of a micrometre is far below any meaning and keeps last-bit differences between machines out.
    rounded = {
        name: np.round(getattr(model, name), 5) for name in ("mean_v3", "identity_kv3", "expression_kv3")
    }
    return replace(model, **rounded)


def fit_source(source: Source, model: FaceModel) -> Fit:
    return fit_clip(
        source.landmarks_tl3,
        blendshapes_tk=source.blendshapes_tk,
        model=model,
        face_found_t=source.face_found_t,
    )


def lift(source: Source, fit: Fit, model: FaceModel) -> np.ndarray:
    """The landmarks of the frames with a face in model space, unposed [T, V, 3].

    The picture fixes two coordinates; along the line of sight the fitted vertex is kept.
    """
    seen = source.face_found_t
    shape_tv3 = model.shape(fit.identity_k, fit.expression_tk[seen]).astype(np.float64)
    r_t23 = rotation_matrix(fit.rotation_t3[seen].astype(np.float64))[:, :2]
    shift_t2, scale_t = fit.translation_t3[seen, :2], fit.translation_t3[seen, 2]
    observed_tv2 = (source.landmarks_tl3[seen, :, :2] - shift_t2[:, None]) / scale_t[:, None, None] * [1, -1]
    residual_tv2 = observed_tv2 - np.einsum("tij,tvj->tvi", r_t23, shape_tv3)
    return shape_tv3 + np.einsum("tij,tvi->tvj", r_t23, residual_tv2)


def regressors(source: Source, fit: Fit) -> np.ndarray:
    """What each seen frame is taken to show [T, K]: halfway between the tracker's scores and the fit.

    The scores alone are noisy, which shrinks slopes; the fit alone explains the footage with whatever the
    present shapes are, so their sizes would drift from what the scores mean by 1.
    """
    seen = source.face_found_t
    return (source.blendshapes_tk[seen].astype(np.float64) + fit.expression_tk[seen]) / 2


def _expressions(
    lifted: list[tuple[np.ndarray, np.ndarray]], drawn: FaceModel, scored: np.ndarray
) -> np.ndarray:
    """Ridge of the shapes on the coefficients, within each source, towards the drawn basis [K, V, 3].

    Shapes that the tracker never scored (bool [K] False) stay exactly as drawn: the fit would use them as
    spare parts.
    """
    modes, flat = len(EXPRESSION_NAMES), drawn.mean_v3.size
    gram_kk, right_kn = np.zeros((modes, modes)), np.zeros((modes, flat))
    for shape_tv3, expression_tk in lifted:
        centred_tk = expression_tk - expression_tk.mean(axis=0)
        left_tv3 = shape_tv3 - np.tensordot(expression_tk, drawn.expression_kv3, axes=1)
        left_tn = (left_tv3 - left_tv3.mean(axis=0)).reshape(len(shape_tv3), -1)
        for b_tk, x_tn in ((centred_tk, left_tn), (_mirror_names(centred_tk), mirrored(left_tn, drawn))):
            gram_kk += b_tk.T @ b_tk
            right_kn += b_tk.T @ x_tn
    reach_kv = np.linalg.norm(drawn.expression_kv3, axis=2)
    near_kv = np.clip(reach_kv / np.maximum(reach_kv.max(axis=1, keepdims=True) * 0.1, 1e-9), 0, 1)
    ridge_vk = (RIDGE + (FAR_RIDGE - RIDGE) * (1 - near_kv)).T
    ridge_vk[:, ~(scored & scored[MIRROR_K])] = 1e12
    right_vk3 = np.moveaxis(right_kn.reshape(modes, -1, 3), 1, 0)
    change_vk3 = np.linalg.solve(gram_kk + ridge_vk[:, :, None] * np.eye(modes), right_vk3)
    learnt_kv3 = drawn.expression_kv3 + np.moveaxis(change_vk3, 0, 1)
    learnt_kv3 = without_pose(learnt_kv3 - drawn.expression_kv3, drawn.mean_v3, STABLE) + drawn.expression_kv3
    mirrored_kv3 = mirrored(_mirror_names(np.moveaxis(learnt_kv3, 0, -1)).transpose(2, 0, 1), drawn)
    return (learnt_kv3 + mirrored_kv3) / 2


def closing(model: FaceModel) -> FaceModel:
    """The same model with lids and lips that meet where their names say so.

    Zero shuts the mouth, eyeBlink at 1 shuts the eye (the tracker's scores of shut eyes stay below 1), and
    mouthClose at 1 shuts the jaw's full opening. Averages over footage come close to each and reach none.
    """
    mean_v3, expression_kv3 = model.mean_v3.copy(), model.expression_kv3.copy()
    for upper, lower in zip(LIPS_UPPER_INNER[1:-1], LIPS_LOWER_INNER[1:-1], strict=True):
        half = CLOSES * (mean_v3[upper, 1] - mean_v3[lower, 1]) / 2
        mean_v3[upper, 1] -= half
        mean_v3[lower, 1] += half
    jaw_v3 = expression_kv3[EXPRESSION_NAMES.index("jawOpen")]
    for name, upper, lower, opening_v3 in (
        ("eyeBlinkLeft", 386, 374, mean_v3),
        ("eyeBlinkRight", 159, 145, mean_v3),
        ("mouthClose", 13, 14, jaw_v3),
    ):
        shape_v3 = expression_kv3[EXPRESSION_NAMES.index(name)]
        gap = opening_v3[upper, 1] - opening_v3[lower, 1]
        shape_v3 *= CLOSES * gap / (shape_v3[lower, 1] - shape_v3[upper, 1])
    return replace(model, mean_v3=mean_v3, expression_kv3=expression_kv3)


def neutral_faces(
    people: Sequence[str], lifted: Sequence[tuple[np.ndarray, np.ndarray]], model: FaceModel
) -> np.ndarray:
    """Each person's symmetric face at zero expression [P, V, 3], unposed against the model's mean."""
    of_person: dict[str, list[np.ndarray]] = {person: [] for person in people}
    for person, (shape_tv3, expression_tk) in zip(people, lifted, strict=True):
        neutral_v3 = (shape_tv3 - np.tensordot(expression_tk, model.expression_kv3, axes=1)).mean(axis=0)
        of_person[person].append((neutral_v3 + mirrored(neutral_v3[None], model)[0]) / 2)
    neutral_pv3 = np.stack([np.mean(of_person[person], axis=0) for person in sorted(of_person)])
    neutral_pv3 = model.mean_v3 + without_pose(neutral_pv3 - model.mean_v3, model.mean_v3)
    # Weak perspective reads a near camera's enlarged nose as a flat face; the canonical depth is better
    # founded.
    neutral_pv3[..., 2] = model.mean_v3[:, 2]
    return neutral_pv3


def _identities(neutral_pv3: np.ndarray, mean_v3: np.ndarray, drawn: FaceModel, num_modes: int) -> np.ndarray:
    """Principal components of the people at one standard deviation, then what drawn modes add [K, V, 3]."""
    flat_pn = (neutral_pv3 - mean_v3).reshape(len(neutral_pv3), -1)
    _, singular, direction_kn = np.linalg.svd(flat_pn, full_matrices=False)
    # A component's sign is left to chance. Height is the same on both sides of the face; width would tie.
    height_kv = direction_kn.reshape(len(direction_kn), -1, 3)[..., 1]
    largest = np.abs(height_kv).argmax(axis=1)
    direction_kn = direction_kn * np.sign(height_kv[np.arange(len(height_kv)), largest])[:, None]
    num_learnt = min(len(neutral_pv3) // PEOPLE_PER_MODE, num_modes)
    modes = list(direction_kn[:num_learnt] * singular[:num_learnt, None] / np.sqrt(len(flat_pn)))
    for mode_n in without_pose(drawn.identity_kv3, mean_v3).reshape(len(drawn.identity_kv3), -1):
        for earlier in modes:
            mode_n = mode_n - earlier * (earlier @ mode_n) / (earlier @ earlier)
        modes.append(mode_n)
    drawn_part = sorted(modes[num_learnt:], key=lambda mode: -float(mode @ mode))[: num_modes - num_learnt]
    return np.stack(modes[:num_learnt] + drawn_part).reshape(-1, *mean_v3.shape)


def mirrored(field: np.ndarray, model: FaceModel) -> np.ndarray:
    """Fields [N, V, 3] or [N, 3V] with the face's sides exchanged."""
    field_nv3 = field.reshape(len(field), -1, 3)[:, mirror_vertices(model.mean_v3)] * [-1, 1, 1]
    return field_nv3.reshape(field.shape)


def _mirror_names(coefficients: np.ndarray) -> np.ndarray:
    """Coefficients [..., K] with Left and Right exchanged."""
    return coefficients[..., MIRROR_K]
