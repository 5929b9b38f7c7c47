"""How much of people's faces and movements a learned model explains.

Shapes: S sources, P people, T frames, V vertices (478), K modes, n = 3V. Unit cm.

Variance is that of landmarks lifted into model space (`learn.lift`). Identity: of people's neutral faces
around the mean face. Expression: of each source's frames around its own mean. The best basis of n modes is
the principal components of the training frames: what the named shapes reach is to be read against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from style2talker.face.footage import Source
from style2talker.face.learn import fit_source, lift, mirrored, neutral_faces, regressors
from style2talker.face.model import FaceModel

COUNTS = (1, 2, 4, 8, 16, 32, 52)
MOST_FRAMES = 4000  # of the training footage that the principal components are taken from


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Shares of variance explained in one group of people, each by number of modes; None without two frames.

    Attributes:
        identity, best_expression: number of modes to share; of identity the model's first modes.
        named_expression: by the model's own shapes with the coefficients that the fit gave.
        error: median fit error in units of the interocular distance.
    """

    people: int
    frames: int
    identity: dict[int, float]
    best_expression: dict[int, float] | None
    named_expression: float | None
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    training: Group
    held_out: Group | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lifted:
    people: list[str]
    pairs: list[tuple[np.ndarray, np.ndarray]]  # shape_tv3, regressors_tk
    moved_tn: np.ndarray
    named_tn: np.ndarray
    errors: list[float]


def report(training: Sequence[Source], held_out: Sequence[Source], model: FaceModel) -> Report:
    """What `model` explains of the footage it was learned from, and of other people's."""
    seen = _lifted(training, model)
    basis_kn = _principal(seen.moved_tn, model)
    unseen = _group(_lifted(held_out, model), model, basis_kn) if held_out else None
    return Report(training=_group(seen, model, basis_kn), held_out=unseen)


def _lifted(sources: Sequence[Source], model: FaceModel) -> _Lifted:
    pairs, moved, named, errors = [], [], [], []
    for source in sources:
        fit = fit_source(source, model)
        shape_tv3, expression_tk = lift(source, fit, model), fit.expression_tk[source.face_found_t]
        centred_tk = expression_tk - expression_tk.mean(axis=0)
        moved.append((shape_tv3 - shape_tv3.mean(axis=0)).reshape(len(shape_tv3), -1))
        named.append(np.tensordot(centred_tk, model.expression_kv3, axes=1).reshape(len(shape_tv3), -1))
        pairs.append((shape_tv3, regressors(source, fit)))
        errors.append(float(np.nanmedian(fit.error_t)))
    return _Lifted(
        people=[source.person for source in sources],
        pairs=pairs,
        moved_tn=np.concatenate(moved),
        named_tn=np.concatenate(named),
        errors=errors,
    )


def _principal(moved_tn: np.ndarray, model: FaceModel) -> np.ndarray:
    """Orthonormal directions [K, n] of the frames and their mirror images, largest variance first."""
    some_tn = moved_tn[:: max(len(moved_tn) // MOST_FRAMES, 1)]
    both_tn = np.concatenate([some_tn, mirrored(some_tn, model)])
    _, directions_nk = np.linalg.eigh(both_tn.T @ both_tn)
    return directions_nk[:, ::-1][:, : max(COUNTS)].T


def _group(lifted: _Lifted, model: FaceModel, basis_kn: np.ndarray) -> Group:
    neutral_pv3 = neutral_faces(lifted.people, lifted.pairs, model)
    apart_pn = (neutral_pv3 - model.mean_v3).reshape(len(neutral_pv3), -1)
    identity_nk, _ = np.linalg.qr(model.identity_kv3.reshape(len(model.identity_kv3), -1).T)
    total = float((lifted.moved_tn**2).sum())
    return Group(
        people=len(neutral_pv3),
        frames=len(lifted.moved_tn),
        identity=_shares(apart_pn, identity_nk.T),
        best_expression=_shares(lifted.moved_tn, basis_kn) if total else None,
        named_expression=1 - float(((lifted.moved_tn - lifted.named_tn) ** 2).sum()) / total
        if total
        else None,
        error=float(np.median(lifted.errors)),
    )


def _shares(rows_rn: np.ndarray, basis_kn: np.ndarray) -> dict[int, float]:
    """Share of the rows' sum of squares inside the first modes of an orthonormal basis, by their number."""
    inside_k = ((rows_rn @ basis_kn.T) ** 2).sum(axis=0)
    reached_k = np.cumsum(inside_k) / max(float((rows_rn**2).sum()), 1e-12)
    counts = sorted({count for count in COUNTS if count < len(basis_kn)} | {len(basis_kn)})
    return {count: float(reached_k[count - 1]) for count in counts}
