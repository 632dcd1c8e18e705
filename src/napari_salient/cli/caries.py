"""``train``, ``predict`` and ``evaluate caries``: radiographs, scored by their patches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_salient.caries.settings import CariesSettings
from napari_salient.cli.commands import WrongUsage
from napari_salient.cli.follow import exit_code, follow, left_out_code
from napari_salient.cli.output import pairs, show, table
from napari_salient.cli.run_folders import checkpoint_of, metrics_of, refuse_beside_resume, start
from napari_salient.data.label_list import SPLITS
from napari_salient.engine.bounds import Natural
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from napari_salient.engine.events import Finished
    from napari_salient.engine.run import Run

KIND = "caries"
MeasuredSplit = Literal["train", "validation", "test", "all"]


@dataclass(frozen=True, kw_only=True)
class _ListTraining(CariesSettings):
    """What a run keeps, so that it is resumed with the same weights and images."""

    images: Path | None = None
    labels: Path | None = None
    regions: Path | None = None
    seed: Natural = 0


def train(
    images: Path | None = None,
    /,
    *,
    labels: Path | None = None,
    regions: Path | None = None,
    seed: Natural = 0,
    runs: Path | None = None,
    resume: Path | None = None,
    json: bool = False,
    output: Path | None = None,
    settings: CariesSettings,
) -> int:
    """Train a model that scores radiographs and shows by which of their patches.

    It learns from the labels of whole images, and from what was marked on any share of them: where
    a lesion is, what is not to be used, where somebody looked at everything. An area of which
    nobody said anything is never taken for healthy. Ctrl-C saves first; --resume goes on from
    there.

    Parameters
    ----------
    images
        Folder of radiographs: PNG, JPEG, TIFF or DICOM.
    labels
        CSV file with a column image and a column label (or labels, separated by ;); columns patient
        and split may say whose an image is and what it is used for.
    regions
        Folder of files called like the images on which something is marked: GeoJSON, or PNG masks
        with their JSON files.
    seed
        Of the split by patients, where the list has none.
    runs
        Where the run gets its folder, ./runs if not given.
    resume
        Folder of an interrupted run to go on with, with the settings and the data it was started
        with.
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    settings
        The model and its training.
    """
    given = _ListTraining(
        **vars(settings),
        images=images and images.absolute(),
        labels=labels and labels.absolute(),
        regions=regions and regions.absolute(),
        seed=seed,
    )
    refuse_beside_resume(resume, bool(runs or given != _ListTraining()))
    if not resume and not (images and labels):
        raise WrongUsage("Name a folder of radiographs, and the CSV file with their --labels.")
    finished, run = _train(given, runs or Path("runs"), resume)
    result = {"run": str(run.directory), **metrics_of(finished.result)}
    show(result, pairs(result), as_json=json, output=output)
    return exit_code(finished)


def _train(given: _ListTraining, runs: Path, resume: Path | None) -> tuple[Finished, Run]:
    from napari_salient.caries.training import train_job

    run, kept = start(resume, runs, KIND, given)
    if kept.images is None or kept.labels is None:
        raise InputError(f"{run.directory} does not say what it was started on; start a new run.")
    job = train_job(
        kept.images,
        kept.labels,
        kept.regions,
        run.directory,
        kept,
        run.control,
        seed=kept.seed,
        resume=resume is not None,
    )
    return follow(run.record(job), run.control, "train caries"), run


def predict(checkpoint: Path, images: Path, /, *, output: Path, json: bool = False) -> int:
    """Score every radiograph of a folder, with the maps that the scores follow from.

    In the output folder each image gets a TIFF file with three channels of its size: what each
    patch shows, how much it is attended to, and what it adds to the score. The scores are in
    scores.csv. An image that cannot be read is named and left out.

    Parameters
    ----------
    checkpoint
        A checkpoint file, or the folder of a run, of which the newest one is taken.
    images
        Folder of radiographs.
    output
        Folder for maps and scores.
    json
        Print JSON instead of a table.
    """
    from napari_salient.caries.prediction import predict_job
    from napari_salient.engine.control import Control

    control = Control()
    job = predict_job(checkpoint_of(checkpoint), images, output, control)
    finished = follow(job, control, "predict caries")
    if not finished.result:
        return exit_code(finished)
    rows = finished.result["images"]
    text = table(list(rows[0]), [list(row.values()) for row in rows]) if rows else ""
    show(finished.result, text, as_json=json)
    return left_out_code(finished, finished.result["left_out"])


def evaluate(
    checkpoint: Path,
    images: Path,
    /,
    *,
    labels: Path,
    regions: Path | None = None,
    split: MeasuredSplit = "test",
    json: bool = False,
    output: Path | None = None,
) -> int:
    """Measure a model on a list of radiographs, with 95 % intervals over patients.

    Scores are measured against the labels, maps against the lesions that are marked. Where no
    patients are known each image stands for one.

    Parameters
    ----------
    checkpoint
        A checkpoint file, or the folder of a run, of which the newest one is taken.
    images
        Folder of radiographs.
    labels
        CSV file with their labels, as for train caries.
    regions
        Folder of GeoJSON files with the lesions.
    split
        The part of the list to measure on; images of a list without splits are all taken.
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    """
    from napari_salient.caries.prediction import evaluate_job
    from napari_salient.engine.control import Control

    control = Control()
    chosen = SPLITS.get(split)
    job = evaluate_job(checkpoint_of(checkpoint), images, labels, regions, control, chosen)
    finished = follow(job, control, "evaluate caries")
    if not finished.result:
        return exit_code(finished)
    found = finished.result["measures"]
    rows = [(name, value, f"{low:.3g} to {high:.3g}") for name, (value, low, high) in found.items()]
    result = {**finished.result, "measures": {n: i._asdict() for n, i in found.items()}}
    show(result, table(("measure", "value", "95 % interval"), rows), as_json=json, output=output)
    return exit_code(finished)
