"""``finetune``: a segmentation model from a pretrained encoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from napari_salient.errors import InputError
from napari_salient.finetuning.settings import FinetuningSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_salient.engine.events import Finished
    from napari_salient.engine.run import Run

KIND = "finetuning"


@dataclass(frozen=True, kw_only=True)
class _FolderFinetuning(FinetuningSettings):
    """What a run keeps, so that it is resumed with the same weights, volumes and patients."""

    images: Path | None = None
    labels: Path | None = None
    pretrained: Path | None = None
    plane: Plane = "axial"
    test_every: EveryNth = 5


def finetune(
    images: Path | None = None,
    labels: Path | None = None,
    /,
    *,
    pretrained: Path | None = None,
    runs: Path | None = None,
    resume: Path | None = None,
    plane: Plane = "axial",
    test_every: EveryNth = 5,
    json: bool = False,
    output: Path | None = None,
    settings: FinetuningSettings,
) -> int:
    """Train the segmentation model from a pretrained encoder.

    The encoder is frozen at first, then all layers are trained; what was taken over is said layer
    by layer. From scratch it is the same training as `train segmentation`, step by step. Ctrl-C
    saves first; --resume goes on from there.

    Parameters
    ----------
    images
        Folder of volumes.
    labels
        Folder of labels with the same file names as the volumes.
    pretrained
        Checkpoint of a pretraining, the folder of its run, of which the newest one is taken, or the
        name of a model that ships; --from for short. Dimensions, plane, context and width are those
        of this encoder.
    runs
        Where the run gets its folder, ./runs if not given.
    resume
        Folder of an interrupted run to go on with, with the settings and the data it was started
        with.
    plane
        Slicing plane.
    test_every
        Every n-th patient in sorted order is held out.
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    settings
        The model and its training.
    """
    given = _FolderFinetuning(
        **vars(settings),
        images=images and images.absolute(),
        labels=labels and labels.absolute(),
        pretrained=pretrained and checkpoint_of(pretrained).absolute(),
        plane=plane,
        test_every=test_every,
    )
    refuse_beside_resume(resume, bool(runs or given != _FolderFinetuning()))
    if not resume and not (images and labels and pretrained):
        raise WrongUsage("Name a folder of volumes, one of labels, and a checkpoint with --from.")
    finished, run = _finetune(given, runs or Path("runs"), resume)
    result = {"run": str(run.directory), **metrics_of(finished.result)}
    show(result, pairs(result), as_json=json, output=output)
    return exit_code(finished)


def given_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the pretrained encoder fixes; none if there is no encoder."""
    pretrained = options["pretrained"]
    return encoder_settings(Path(pretrained)) if pretrained else {}


def _finetune(given: _FolderFinetuning, runs: Path, resume: Path | None) -> tuple[Finished, Run]:
    from napari_salient.finetuning.job import finetune_job

    run, kept = start(resume, runs, KIND, given)
    if kept.images is None or kept.labels is None or kept.pretrained is None:
        raise InputError(f"{run.directory} does not say what it was started on; start a new run.")
    job = finetune_job(
        kept.images,
        kept.labels,
        kept.pretrained,
        run.directory,
        kept,
        run.control,
        plane=kept.plane,
        test_every=kept.test_every,
        resume=resume is not None,
    )
    return follow(run.record(job), run.control, "finetune"), run
