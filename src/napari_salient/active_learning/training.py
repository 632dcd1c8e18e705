"""The model headless: train it on a folder of labelled volumes, predict volumes, evaluate it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.active_learning.spec import spec_for
from napari_salient.data.discover import case_name, find_volumes
from napari_salient.data.labels import write_labels
from napari_salient.data.volumes import load_image, normalise, read_header
from napari_salient.engine.events import Event, Finished, FinishReason, Progress, Warned
from napari_salient.engine.jobs import job
from napari_salient.engine.writing import attempt_each, outcome_sentence, write_each
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.active_learning.model import Segmenter
    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.active_learning.spec import SegmenterSpec
    from napari_salient.active_learning.task import Evaluation
    from napari_salient.data.planes import Plane
    from napari_salient.engine.control import Control


@job
def train_job(
    images: Path,
    labels: Path,
    run_dir: Path,
    settings: SegmentationSettings,
    control: Control,
    *,
    plane: Plane = "axial",
    test_every: int = 5,
    resume: bool = False,
) -> Iterator[Event]:
    """Train on a folder of labelled volumes; every n-th patient is held out to measure on.

    Yields
    ------
    Event
        What `engine.fit.fit` yields. The last `Finished` has the held-out Dice as its result.
    """
    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.active_learning.task import SegmentationTask
    from napari_salient.engine.fit import fit

    yield Progress(0, 1, "reading volumes")
    cohort = Cohort.read(images, labels, plane, test_every)
    spec = cohort_spec(cohort, settings)
    examples = cohort.whole_volumes(settings, cohort.pool)
    task = SegmentationTask(spec, examples, settings, evaluation=held_out(cohort))
    yield from fit(task, settings.fit, control, run_dir, resume=resume)


def cohort_spec(cohort: Cohort, settings: SegmentationSettings) -> SegmenterSpec:
    """Return the spec of a model for a cohort of labelled volumes."""
    return spec_for(
        settings,
        cohort.plane,
        channels=cohort.channels,
        class_names=cohort.class_names,
        label_values=cohort.label_values,
        spacing=cohort.spacing,
    )


@job
def predict_job(checkpoint: Path, images: Path, output: Path, control: Control) -> Iterator[Event]:
    """Segment every volume of a folder into a label file in the volume's own geometry.

    Yields
    ------
    Event
        What `engine.writing.write_each` yields; volumes that cannot be read or that the model does
        not take are left out.
    """
    from napari_salient.active_learning.model import load_segmenter
    from napari_salient.active_learning.predict import predict_volume

    model = load_segmenter(checkpoint).eval()
    files = find_volumes(images)
    output.mkdir(parents=True, exist_ok=True)

    def segment(path: Path) -> Path:
        header = read_header(path)
        _check_channels(model, header.channels, path)
        prediction, _ = predict_volume(model, normalise(load_image(header)))
        target = output / f"{case_name(path)}.nii.gz"
        write_labels(target, prediction, header)
        return target

    cases = [(path.name, partial(segment, path)) for path in files]
    yield from write_each(cases, "volumes segmented", control)


@job
def evaluate_job(checkpoint: Path, images: Path, labels: Path, control: Control) -> Iterator[Event]:
    """Measure a model against labels: Dice and 95 % Hausdorff distance (mm) of each class.

    Yields
    ------
    Warned
        If volumes have no label.
    CaseSkipped
        For each volume that is left out because it or its labels cannot be read, or because the
        model does not take it.
    Progress
        After each volume.
    Finished
        At the end; its result has ``cases`` (one row a volume), ``mean`` over volumes, and
        ``left_out`` (why, by the name of the file).
    """
    from napari_salient.active_learning.model import load_segmenter
    from napari_salient.data.discover import pair_labels

    model = load_segmenter(checkpoint).eval()
    files = find_volumes(images)
    pairs = pair_labels(files, labels)
    if not pairs:
        raise InputError(f"No volume in {images} has a label of the same name in {labels}.")
    paired = [path for path in files if case_name(path) in pairs]
    cases = [
        (path.name, partial(_measured, model, path, pairs[case_name(path)])) for path in paired
    ]
    if len(paired) < len(files):
        bare = next(path.name for path in files if case_name(path) not in pairs)
        yield Warned(
            f"{len(files) - len(paired)} of {len(files)} volumes have no label of their name in "
            f"{labels} and are not measured, {bare} first."
        )
    rows, left_out, reason = yield from attempt_each(cases, "volumes measured", control)
    if reason is FinishReason.CANCELLED:
        yield Finished(reason)
        return
    if not rows:
        why = next(iter(left_out.values()))
        raise InputError(f"None of the {len(paired)} volumes could be measured: {why}")
    result = {"cases": rows, "mean": _column_means(rows), "left_out": left_out}
    message = outcome_sentence(len(rows), left_out, "measured")
    yield Finished(reason, message=message, result=result)


def _measured(model: Segmenter, path: Path, label: Path) -> dict[str, Any]:
    """Return a volume's row of the table."""
    from napari_salient.active_learning.predict import predict_volume
    from napari_salient.data.labels import read_labels

    header = read_header(path)
    _check_channels(model, header.channels, path)
    truth = read_labels(label, header)
    prediction, _ = predict_volume(model, normalise(load_image(header)))
    return {"case": case_name(path), **_scores(model, prediction, truth, header.spacing)}


def held_out(cohort: Cohort) -> Evaluation:
    """Return what measures the Dice of each class on the test volumes, and its mean."""

    def evaluate(model: Segmenter) -> Iterator[tuple[int, int] | Mapping[str, float]]:
        from napari_salient.active_learning.measures import dice_per_class, mean_dice
        from napari_salient.active_learning.predict import predict_volume

        values = cohort.label_values[1:]
        scores = []
        for done, case in enumerate(cohort.test, start=1):
            prediction, _ = predict_volume(model, cohort.image(case))
            scores.append(dice_per_class(prediction, cohort.truth(case), values))
            yield done, len(cohort.test)
        by_class = mean_dice(scores)
        named = {f"dice_{value}": float(d) for value, d in zip(values, by_class, strict=True)}
        yield {"dice": float(np.nanmean(by_class)), **named}

    return evaluate


def _scores(
    model: Segmenter,
    prediction: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    spacing: tuple[float, float, float],
) -> dict[str, float]:
    from napari_salient.active_learning.measures import dice_per_class, hausdorff_95_per_class

    values = model.spec.label_values[1:]
    dice = dice_per_class(prediction, truth, values)
    row = {"dice": float(np.nanmean(dice)) if np.isfinite(dice).any() else float("nan")}
    distances = hausdorff_95_per_class(prediction, truth, values, spacing)
    for name, score, distance in zip(model.spec.class_names, dice, distances, strict=True):
        row[f"dice {name}"] = float(score)
        row[f"hd95_mm {name}"] = distance
    return row


def _column_means(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return the mean of each column over the volumes where it is a number."""
    columns = [name for name in rows[0] if name != "case"]
    table = np.array([[row[name] for name in columns] for row in rows], dtype=float)
    table[~np.isfinite(table)] = np.nan
    return {
        name: float(np.nanmean(column)) if np.isfinite(column).any() else float("nan")
        for name, column in zip(columns, table.T, strict=True)
    }


def _check_channels(model: Segmenter, channels: int, path: Path) -> None:
    if channels != model.spec.channels:
        raise InputError(
            f"{path} has {channels} channels and the model takes {model.spec.channels}; "
            f"use a model trained on such volumes."
        )
