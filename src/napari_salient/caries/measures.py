"""How well images are told apart: measures of scores against labels.

A measure that the labels do not allow, since a class is absent, is NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn import config_context, metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

DRAWS = 1000
"""Bootstrap samples."""

BINS = 10
"""Of the calibration error."""


class Interval(NamedTuple):
    """A measure with its bootstrap interval."""

    value: float
    low: float
    high: float


def auroc(scores: NDArray[np.floating], labels: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve."""
    return float(metrics.roc_auc_score(labels, scores)) if _both(labels) else np.nan


def average_precision(scores: NDArray[np.floating], labels: NDArray[np.bool_]) -> float:
    """Return the area under the precision-recall curve, as a sum without interpolation."""
    return float(metrics.average_precision_score(labels, scores)) if labels.any() else np.nan


def balanced_accuracy(
    scores: NDArray[np.floating], labels: NDArray[np.bool_], decision: float = 0.5
) -> float:
    """Return the mean of sensitivity and specificity for scores from `decision` on."""
    if not _both(labels):
        return np.nan
    return float(metrics.balanced_accuracy_score(labels, scores >= decision))


def f1(scores: NDArray[np.floating], labels: NDArray[np.bool_], decision: float = 0.5) -> float:
    """Return the harmonic mean of precision and sensitivity for scores from `decision` on."""
    return float(metrics.f1_score(labels, scores >= decision)) if labels.any() else np.nan


def sensitivity_at(
    scores: NDArray[np.floating], labels: NDArray[np.bool_], specificity: float = 0.9
) -> float:
    """Return the largest sensitivity of a threshold that has at least this specificity."""
    if not _both(labels):
        return np.nan
    false_positives, sensitivities, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    return float(sensitivities[1 - false_positives >= specificity - 1e-9].max())


def brier(scores: NDArray[np.floating], labels: NDArray[np.bool_]) -> float:
    """Return the mean square of how far scores are from the labels."""
    return float(np.mean((scores - labels) ** 2)) if len(labels) else np.nan


def calibration_error(
    scores: NDArray[np.floating], labels: NDArray[np.bool_], bins: int = BINS
) -> float:
    """Return the expected calibration error of scores in [0, 1], in bins of equal width."""
    if not len(labels):
        return np.nan
    places = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = np.bincount(places, scores - labels, bins)
    return float(np.abs(gaps).sum() / len(labels))


def bootstrap_interval(
    measure: Callable[[NDArray[np.intp]], float],
    patients: Sequence[Hashable],
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Return a measure and its 95 % interval, drawing patients with all their images.

    Parameters
    ----------
    measure
        Takes the numbers of some images, repeated ones among them, and gives their measure.
    patients
        Of each image, the patient; the image itself where there is one each.
    draws, seed
        Of the samples. Those whose measure is NaN are left out.
    """
    numbers: dict[Hashable, list[int]] = {}
    for number, patient in enumerate(patients):
        numbers.setdefault(patient, []).append(number)
    images = [np.array(group) for group in numbers.values()]
    whole = measure(np.arange(len(patients)))
    if not images:
        return Interval(whole, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    samples = (rng.integers(0, len(images), len(images)) for _ in range(draws))
    with config_context(assume_finite=True, skip_parameter_validation=True):
        drawn = np.array([measure(np.concatenate([images[i] for i in s])) for s in samples])
    known = drawn[np.isfinite(drawn)]
    low, high = np.percentile(known, (2.5, 97.5)).tolist() if len(known) else (np.nan, np.nan)
    return Interval(whole, low, high)


def _both(labels: NDArray[np.bool_]) -> bool:
    return bool(labels.any()) and not labels.all()
