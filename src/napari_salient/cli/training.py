"""``train``, ``predict`` and ``evaluate segmentation``: the model of active learning, headless."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.cli.commands import WrongUsage
from napari_salient.cli.follow import exit_code, follow
from napari_salient.cli.output import pairs, show, table
from napari_salient.data.planes import Plane
from napari_salient.engine.control import Control
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_salient.engine.events import Finished
    from napari_salient.engine.run import Run

KIND = "segmentation"
S = TypeVar("S", SegmentationSettings, LoopSettings)


def train(
    project: Path | None = None,
    /,
    *,
    images: Path | None = None,
    labels: Path | None = None,
    run: Path | None = None,
    resume: bool = False,
    plane: Plane = "axial",
    test_every: int = 5,
    json: bool = False,
    output: Path | None = None,
    settings: SegmentationSettings,
) -> int:
    """Train the segmentation model.

    On a project it is the next round of active learning: the model learns from the accepted
    slices, scores the pool and chooses what to label next. On a folder of images and one of labels
    it learns from all slices, and every n-th patient is held out and measured on. Ctrl-C saves
    first; --resume goes on from there.

    Parameters
    ----------
    project
        A labelling project.
    images
        Folder of volumes, instead of a project.
    labels
        Folder of labels with the same file names as the volumes.
    run
        Folder of the run; a new one in the project's runs or in ./runs if not given.
    resume
        Go on with the run in the folder that --run names, with the settings it was started with.
    plane
        Slicing plane; a project has its own.
    test_every
        Every n-th patient in sorted order is held out; a project has its own split.
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    settings
        The model and its training.
    """
    if resume and run is None:
        raise WrongUsage("--resume needs --run with the folder of the run to go on with.")
    if resume and settings != SegmentationSettings():
        raise WrongUsage("A resumed run keeps its settings; leave the model's options out.")
    if project is not None and images is None and labels is None:
        finished, started = _train_project(project, run, resume, settings)
    elif project is None and images is not None and labels is not None:
        started, settings = _start(run, Path("runs"), resume, settings)
        finished = _train_folders(images, labels, started, settings, resume, plane, test_every)
    else:
        raise WrongUsage("Name either a project, or both --images and --labels.")
    if finished.result is not None:
        result = {"run": str(started.directory), **_metrics(finished.result)}
        show(result, pairs(result), as_json=json, output=output)
    return exit_code(finished)


def predict(checkpoint: Path, images: Path, /, *, output: Path, json: bool = False) -> int:
    """Segment every volume of a folder with a trained model.

    Each label file has its volume's name and geometry. A volume that cannot be read is named and
    left out.

    Parameters
    ----------
    checkpoint
        A checkpoint file, or the folder of a run, of which the newest one is taken.
    images
        Folder of volumes.
    output
        Folder for the label files.
    json
        Print JSON instead of a table.
    """
    from napari_salient.active_learning.training import predict_job

    control = Control()
    job = predict_job(_checkpoint(checkpoint), images, output, control)
    finished = follow(job, control, "predict")
    written = finished.result or []
    result = {"folder": str(output), "files": [path.name for path in written]}
    show(result, f"{len(written)} label files are in {output}.", as_json=json)
    return exit_code(finished)


def evaluate(
    checkpoint: Path,
    /,
    *,
    images: Path,
    labels: Path,
    json: bool = False,
    output: Path | None = None,
) -> int:
    """Measure a model against labels: Dice and 95 % Hausdorff distance in mm of each class.

    Parameters
    ----------
    checkpoint
        A checkpoint file, or the folder of a run, of which the newest one is taken.
    images
        Folder of volumes.
    labels
        Folder of labels with the same file names.
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    """
    from napari_salient.active_learning.training import evaluate_job

    control = Control()
    job = evaluate_job(_checkpoint(checkpoint), images, labels, control)
    finished = follow(job, control, "evaluate")
    if finished.result:
        show(finished.result, _evaluation_table(finished.result), as_json=json, output=output)
    return exit_code(finished)


def _train_project(
    folder: Path, run_dir: Path | None, resume: bool, settings: SegmentationSettings
) -> tuple[Finished, Run]:
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.project.project import Project

    with Project.open(folder) as project:
        loop = LoopSettings(segmentation=settings)
        run, loop = _start(run_dir, project.runs_dir, resume, loop)
        session = LabellingSession(project, loop)
        job = run.record(session.round_job(run, resume=resume))
        finished = follow(job, run.control, "train segmentation")
        if finished.result is not None:
            session.adopt(finished.result)
    return finished, run


def _train_folders(
    images: Path,
    labels: Path,
    run: Run,
    settings: SegmentationSettings,
    resume: bool,
    plane: Plane,
    test_every: int,
) -> Finished:
    from napari_salient.active_learning.training import train_job

    job = train_job(
        images,
        labels,
        run.directory,
        settings,
        run.control,
        plane=plane,
        test_every=test_every,
        resume=resume,
    )
    return follow(run.record(job), run.control, "train segmentation")


def _start(run_dir: Path | None, runs_dir: Path, resume: bool, settings: S) -> tuple[Run, S]:
    """Return the run to work on and its settings: a new one with those given, or one resumed."""
    from napari_salient.cli.parser import read_settings
    from napari_salient.engine.run import Run

    if not resume or run_dir is None:
        return Run.create(runs_dir, KIND, settings), settings
    run = Run.open(run_dir)
    stored = read_settings(type(settings), run.directory / "settings.yaml")
    run.restart()
    return run, stored


def _checkpoint(path: Path) -> Path:
    """Return `path`, or the newest checkpoint of the run in that folder."""
    if not path.is_dir():
        return path
    from napari_salient.engine.checkpoint import latest_checkpoint

    newest = latest_checkpoint(path)
    if newest is None:
        raise InputError(f"{path} holds no checkpoint; name a run's folder or a checkpoint file.")
    return newest


def _metrics(result: Any) -> Mapping[str, Any]:
    return result if isinstance(result, dict) else result.metrics


def _evaluation_table(result: Mapping[str, Any]) -> str:
    columns = list(result["mean"])
    rows = [[row["case"], *(row[name] for name in columns)] for row in result["cases"]]
    rows.append(["mean", *(result["mean"][name] for name in columns)])
    return table(["case", *columns], rows)
