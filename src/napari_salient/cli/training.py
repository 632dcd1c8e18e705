"""``train segmentation``: the model of active learning, headless."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.cli.commands import WrongUsage
from napari_salient.cli.follow import exit_code, follow
from napari_salient.cli.output import pairs, show
from napari_salient.cli.run_folders import (
    checkpoint_of,
    encoder_settings,
    metrics_of,
    refuse_beside_resume,
    start,
)
from napari_salient.data.planes import Plane
from napari_salient.engine.bounds import EveryNth
from napari_salient.errors import InputError, SalientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_salient.engine.events import Finished
    from napari_salient.engine.run import Run

KIND = "segmentation"


@dataclass(frozen=True, kw_only=True)
class _FolderTraining(SegmentationSettings):
    """What a run on two folders keeps, so that it is resumed with the same patients held out."""

    images: Path | None = None
    labels: Path | None = None
    plane: Plane = "axial"
    test_every: EveryNth = 5


def train(
    project: Path | None = None,
    /,
    *,
    images: Path | None = None,
    labels: Path | None = None,
    runs: Path | None = None,
    resume: Path | None = None,
    pretrained: Path | None = None,
    plane: Plane = "axial",
    test_every: EveryNth = 5,
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
    runs
        Where the run gets its folder, ./runs if not given; a project has its own place for runs.
    resume
        Folder of an interrupted run to go on with, with the settings and the data it was started
        with.
    pretrained
        Checkpoint of a pretraining, the folder of its run, or the name of a model that ships: the
        first round of a project starts from its encoder, whose dimensions, context and width it
        takes; by default the one that was chosen for the project in the viewer, if any. See
        finetune for folders.
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
    of_folder = _FolderTraining(
        **vars(settings),
        images=images and images.absolute(),
        labels=labels and labels.absolute(),
        plane=plane,
        test_every=test_every,
    )
    names_folders = runs is not None or of_folder != _FolderTraining(**vars(settings))
    refuse_beside_resume(
        resume, bool(pretrained or names_folders or settings != SegmentationSettings())
    )
    if project is not None and not names_folders:
        finished, run = _train_project(project, resume, pretrained, settings)
    elif project is None and pretrained is None and (resume or (images and labels)):
        finished, run = _train_folder(runs or Path("runs"), resume, of_folder)
    else:
        raise WrongUsage("Name either a project alone, or both --images and --labels.")
    result = {"run": str(run.directory), **metrics_of(finished.result)}
    show(result, pairs(result), as_json=json, output=output)
    return exit_code(finished)


def _train_folder(
    runs: Path, resume: Path | None, settings: _FolderTraining
) -> tuple[Finished, Run]:
    from napari_salient.active_learning.training import train_job

    run, kept = start(resume, runs, KIND, settings)
    if kept.images is None or kept.labels is None:
        raise InputError(f"{run.directory} belongs to a project; name that before --resume.")
    job = train_job(
        kept.images,
        kept.labels,
        run.directory,
        kept,
        run.control,
        plane=kept.plane,
        test_every=kept.test_every,
        resume=resume is not None,
    )
    return follow(run.record(job), run.control, "train segmentation"), run


def encoder_of_project(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a pretrained encoder fixes, but for the plane: a project has one."""
    pretrained = options["pretrained"] or _encoder_chosen_for(options)
    fixed = encoder_settings(Path(pretrained)) if pretrained else {}
    return {name: value for name, value in fixed.items() if name != "plane"}


def _encoder_chosen_for(options: Mapping[str, Any]) -> Path | None:
    """Return the encoder that was chosen for the first round of the project, if it is there."""
    from napari_salient.finetuning.chosen import chosen_encoder
    from napari_salient.pretraining.library import newest_checkpoint
    from napari_salient.project.layout import is_project
    from napari_salient.project.project import Project

    folder = options["project"]
    if not folder or options["resume"] or not is_project(Path(folder)):
        return None
    try:
        with Project.open(Path(folder), read_only=True) as project:
            chosen = chosen_encoder(project)
        return newest_checkpoint(chosen) if chosen else None
    except SalientError:
        return None  # The round says so.


def _train_project(
    folder: Path, resume: Path | None, pretrained: Path | None, settings: SegmentationSettings
) -> tuple[Finished, Run]:
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.finetuning.chosen import take_up_encoder
    from napari_salient.project.project import Project

    with Project.open(folder) as project:
        if pretrained and any(found.active for found in project.catalogue.rounds()):
            raise InputError(f"{folder} has a trained model; its next round goes on from that one.")
        loop_settings = LoopSettings(segmentation=settings)
        run, loop = start(resume, project.runs_dir, KIND, loop_settings)
        session = LabellingSession(project, loop)
        if pretrained:
            from napari_salient.finetuning.starting import weights_from

            session.first_weights = weights_from(checkpoint_of(pretrained))
        elif problem := take_up_encoder(session):
            print(f"train segmentation: {problem}", file=sys.stderr)
        job = run.record(session.round_job(run, resume=resume is not None))
        finished = follow(job, run.control, "train segmentation")
        if finished.result is not None:
            session.adopt(finished.result)
    return finished, run
