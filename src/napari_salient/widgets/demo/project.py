"""The project of the sample session, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.engine.events import Event, Finished, FinishReason, Progress
from napari_salient.engine.jobs import job
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError
from napari_salient.project.labels import LabelSchema
from napari_salient.widgets.label_volumes.new_project import NewProject, new_project_job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.engine.control import Control

CASES = 8
HELD_OUT = 0.125
BATCH = 8


def sample_settings() -> LoopSettings:
    """Return settings with which a round of the sample session takes about half a minute."""
    fit = FitSettings(steps=160, save_every=40)
    return LoopSettings(batch=BATCH, segmentation=SegmentationSettings(fit=fit))


@job
def sample_project_job(folder: Path, control: Control) -> Iterator[Event]:
    """Make volumes and a project in `folder`, unless a project is there already.

    The truth is imported for held-out cases alone; for the others it stays with the oracle.

    Yields
    ------
    Event
        Progress, and `Finished` with the project's folder as its result.
    """
    project = folder / "project"
    if (project / "project.toml").is_file():
        yield Finished(FinishReason.COMPLETED, result=project)
        return
    from napari_salient.samples.brain import make_brain_pool

    yield Progress(0, 1, "sample volumes made")
    try:
        sample = make_brain_pool(folder, CASES)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written ({error.strerror}); choose another folder."
        ) from error
    yield Progress(1, 1, "sample volumes made")
    wanted = NewProject(
        images=(sample.images,),
        folder=project,
        schema=LabelSchema.of(*sample.class_names),
        labels=sample.labels,
        held_out=HELD_OUT,
        only_held_out=True,
    )
    yield from new_project_job(wanted, control)
