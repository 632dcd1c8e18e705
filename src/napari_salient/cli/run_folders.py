"""The run that a command works on, and the checkpoint that a folder stands for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from napari_salient.cli.commands import WrongUsage
from napari_salient.engine import ranks
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_salient.engine.events import Event
    from napari_salient.engine.run import Run

S = TypeVar("S")


def start(resume: Path | None, runs_dir: Path, kind: str, settings: S) -> tuple[Run, S]:
    """Return the run to work on and its settings: a new one with those given, or one resumed.

    Where several processes train together, the first one does so, and the others get to know of it.
    """
    if ranks.count() == 1:
        return _start(resume, runs_dir, kind, settings)
    ranks.join()
    if ranks.is_first():
        run, stored = _start(resume, runs_dir, kind, settings)
        ranks.share(str(run.directory))
        return run, stored
    return _joined(Path(ranks.share("")), settings)


def recorded(run: Run, job: Iterator[Event]) -> Iterator[Event]:
    """Return the events of a job, which the first of several processes writes down."""
    return run.record(job) if ranks.is_first() else job


def _joined(directory: Path, settings: S) -> tuple[Run, S]:
    from napari_salient.cli.parser import read_settings
    from napari_salient.engine.run import SETTINGS, Run, RunState

    return Run(directory, RunState.IDLE), read_settings(type(settings), directory / SETTINGS)


def _start(resume: Path | None, runs_dir: Path, kind: str, settings: S) -> tuple[Run, S]:
    from napari_salient.cli.parser import read_settings
    from napari_salient.engine.run import SETTINGS, Run, RunState

    if resume is None:
        return Run.create(runs_dir, kind, settings), settings
    run = Run.open(resume)
    stored = read_settings(type(settings), run.directory / SETTINGS)
    if run.state is not RunState.IDLE:
        run.restart()
    return run, stored


def refuse_beside_resume(resume: Path | None, others: bool) -> None:
    """Refuse options that a run which is resumed has its own of.

    Raises
    ------
    WrongUsage
        If a run is resumed and there are others.
    """
    if resume and others:
        raise WrongUsage("A resumed run keeps its settings and data; leave the other options out.")


def checkpoint_of(path: Path) -> Path:
    """Return `path`, or the newest checkpoint of the run in that folder or in use in that project.

    Of a bundle, whose folder or shipped name it may be, it is the weights. One that is damaged is
    not passed over: an earlier one is another model.
    """
    from napari_salient.engine.checkpoint import checkpoint_paths
    from napari_salient.pretraining.shipped import weights_in
    from napari_salient.project.layout import is_project

    path = weights_in(path)
    if not path.is_dir():
        return path
    newest_first = checkpoint_paths(_run_in_use(path) if is_project(path) else path)
    if not newest_first:
        raise InputError(f"{path} holds no checkpoint; name a run's folder or a checkpoint file.")
    return newest_first[0]


def encoder_settings(checkpoint: Path) -> dict[str, Any]:
    """Return the settings of a segmentation model that a pretrained encoder fixes."""
    from napari_salient.pretraining.transfer import load_pretrained

    spec, _ = load_pretrained(checkpoint_of(checkpoint))
    names = ("plane", "context", "width", "spatial_dims")
    return {name: getattr(spec, name) for name in names}


def metrics_of(result: Any) -> Mapping[str, Any]:
    """Return the figures of a finished training or round; none of one that was cancelled."""
    metrics: Mapping[str, Any] = getattr(result, "metrics", result) or {}
    return metrics


def _run_in_use(folder: Path) -> Path:
    from napari_salient.project.project import Project

    with Project.open(folder, read_only=True) as project:
        for found in project.catalogue.rounds():
            if found.active:
                return project.runs_dir / found.run_id
    raise InputError(f"The project {folder} has no trained model yet; train one first.")
