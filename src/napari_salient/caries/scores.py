"""What a model says about radiographs whose labels are known, and how good that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.caries import localisation, measures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_salient.caries.examples import Example
    from napari_salient.caries.measures import Interval
    from napari_salient.caries.model import CariesModel

    Measure = Callable[[NDArray[np.intp]], float]
    """Measures some images, given by their numbers, of which some may come twice."""

CLASSIFICATION: Mapping[str, Callable[[NDArray[np.floating], NDArray[np.bool_]], float]] = {
    "auroc": measures.auroc,
    "average_precision": measures.average_precision,
    "balanced_accuracy": measures.balanced_accuracy,
    "f1": measures.f1,
    "sensitivity_at_90": measures.sensitivity_at,
    "brier": measures.brier,
    "calibration_error": measures.calibration_error,
}
"""What is measured of the scores of each class; the mean over the classes is reported."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A radiograph, what is true of it, and what the model says.

    Parameters
    ----------
    patient
        Whose it is.
    score, label : array, shape (class,)
        Of the model in [0, 1], and true or not. The score is 0 where nothing is attended to.
    shown : float32 array, shape (row, column)
        How far the model attends to a lesion: weight times prediction, the largest of the classes.
    mask : bool array, shape (row, column)
        Where the lesions are; `None` where none is marked.
    """

    patient: str
    score: NDArray[np.floating]
    label: NDArray[np.bool_]
    shown: NDArray[np.float32]
    mask: NDArray[np.bool_] | None

    @classmethod
    def of(cls, model: CariesModel, example: Example) -> Judged:
        """Have a model in evaluation mode judge a radiograph."""
        evidence, grid = model.examine(example.image)
        lesion = evidence.probability[:, int(model.spec.multiclass) :].max(axis=1)
        score = evidence.score
        mask = example.marks.lesions.max(axis=0) >= 0.5 if example.marks else None
        return cls(
            example.patient,
            np.zeros(model.spec.classes) if score is None else score,
            example.label > 0,
            grid.spread(lesion * evidence.weight),
            mask if mask is not None and mask.any() else None,
        )


def figures(judged: Sequence[Judged]) -> dict[str, float]:
    """Return what can be measured: of the scores, and of the maps where lesions are marked."""
    everything = np.arange(len(judged))
    found = {name: measure(everything) for name, measure in measures_of(judged).items()}
    maps, masks = _marked(judged)
    if maps:
        found["pixel_auroc"] = localisation.pixel_auroc(maps, masks)
        found["pixel_average_precision"] = localisation.pixel_average_precision(maps, masks)
    return {name: value for name, value in found.items() if np.isfinite(value)}


def with_intervals(judged: Sequence[Judged]) -> dict[str, Interval]:
    """Return what can be measured, each with its 95 % interval over patients."""
    patients = [one.patient for one in judged]
    found = {
        name: measures.bootstrap_interval(measure, patients)
        for name, measure in measures_of(judged).items()
    }
    return {name: interval for name, interval in found.items() if np.isfinite(interval.value)}


def measures_of(judged: Sequence[Judged]) -> dict[str, Measure]:
    """Return the measures that are quick for any choice of the images."""
    scores = np.array([one.score for one in judged])
    labels = np.array([one.label for one in judged])

    def of_scores(name: str) -> Measure:
        measure = CLASSIFICATION[name]
        classes = range(labels.shape[1])
        return lambda chosen: _mean(
            [measure(scores[chosen, c], labels[chosen, c]) for c in classes]
        )

    def of_map(measure: Callable[..., float]) -> Measure:
        each = np.array(
            [np.nan if j.mask is None else measure([j.shown], [j.mask]) for j in judged]
        )
        return lambda chosen: _mean(each[chosen])

    return {name: of_scores(name) for name in CLASSIFICATION} | {
        "pointing_game": of_map(localisation.pointing_game),
        "iou_at_half": of_map(localisation.mean_iou),
    }


def _marked(
    judged: Sequence[Judged],
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.bool_]]]:
    marked = [(one.shown, one.mask) for one in judged if one.mask is not None]
    return [shown for shown, _ in marked], [mask for _, mask in marked]


def _mean(values: Sequence[float] | NDArray[np.floating]) -> float:
    """Return the mean of what could be measured; NaN if nothing could."""
    known = np.asarray(values)[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
