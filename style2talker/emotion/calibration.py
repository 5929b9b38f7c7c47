"""Confidence: how often a judgement like this one is right.

The largest of the pooled probabilities is no such number: votes that are believed in part make it too unsure,
witnesses that err together too sure. It is mapped by a logistic curve on its log odds (Platt 1999), with one
more weight for the disagreement of the witnesses, fitted on clips whose emotion is known
(benchmarks/labels.py --calibrate).

Axes: C clips, B bins.
"""

import numpy as np
from scipy.special import expit, logit

CURVE = (0.88, 1.93, 0.0)
"""Offset, slope of the log odds, weight of the disagreement: fitted to 500 clips of ten drawn people
(`style2talker twin --identities 10 --clips-per-identity 50 --seed 7`). Fitted to five of them, the expected
calibration error on the other five is 0.04; of the largest probability as it is, which is too unsure, 0.20.
The disagreement of drawn talkers told nothing more. What holds for real faces is not known."""
_LEAST = 1e-3
NUM_BINS = 10


def confidence(
    probability: float, agreement: float | None, *, curve: tuple[float, float, float] = CURVE
) -> float:
    """In (0, 1), from the largest probability and `agreement`; nothing to compare counts as agreeing."""
    return float(
        expit(
            _features(np.array([probability]), np.array([1.0 if agreement is None else agreement])) @ curve
        )[0]
    )


def fit_curve(
    probability_c: np.ndarray, agreement_c: np.ndarray, right_c: np.ndarray, *, weight: float = 1.0
) -> tuple[float, float, float]:
    """The curve that makes `right_c` likeliest, with a Gaussian prior of variance 1 / `weight` around the
    curve that leaves the probability as it is, for few clips say little."""
    from scipy.optimize import minimize  # who only asks for a confidence does not wait for it

    features_cf = _features(probability_c, agreement_c)
    prior_f = np.array([0.0, 1.0, 0.0])

    def loss(curve_f: np.ndarray) -> float:
        odds_c = features_cf @ curve_f
        return float(
            np.logaddexp(0, np.where(right_c, -odds_c, odds_c)).sum()
            + weight * ((curve_f - prior_f) ** 2).sum() / 2
        )

    # disagreement is no reason to be surer
    found = minimize(loss, prior_f, method="L-BFGS-B", bounds=[(None, None), (0, None), (0, None)])
    offset, slope, disagreement = (round(float(value), 3) for value in found.x)
    return offset, slope, disagreement


def expected_calibration_error(
    confidence_c: np.ndarray, right_c: np.ndarray, *, num_bins: int = NUM_BINS
) -> float:
    """Mean distance of confidence and accuracy over bins of equal width, weighted by their clips (Naeini et
    al. 2015)."""
    bin_c = np.minimum((confidence_c * num_bins).astype(int), num_bins - 1)
    gaps = [
        (bin_c == b).mean() * abs(confidence_c[bin_c == b].mean() - right_c[bin_c == b].mean())
        for b in np.unique(bin_c)
    ]
    return float(np.sum(gaps))


def _features(probability_c: np.ndarray, agreement_c: np.ndarray) -> np.ndarray:
    odds_c = logit(np.clip(probability_c, _LEAST, 1 - _LEAST))
    return np.stack([np.ones_like(odds_c), odds_c, agreement_c - 1], axis=-1)
