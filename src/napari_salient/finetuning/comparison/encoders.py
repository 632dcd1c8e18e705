"""The encoders that are compared: pretrained here on the pool's images, or given."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_salient.engine.checkpoint import latest_checkpoint
from napari_salient.engine.control import Control
from napari_salient.engine.jobs import result_of
from napari_salient.pretraining.intake import PoolFiles
from napari_salient.pretraining.settings import PretrainingSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.finetuning.settings import ComparisonSettings
    from napari_salient.pretraining.settings import TaskName


def pool_files(cohort: Cohort) -> PoolFiles:
    """Return the images to pretrain on, and those of the test volumes to measure accuracy on."""
    learn, held_out = (
        tuple(cohort.images[case] for case in cases) for cases in (cohort.pool, cohort.test)
    )
    return PoolFiles(learn, held_out)


def pretraining_settings(settings: ComparisonSettings, task: TaskName) -> PretrainingSettings:
    """Return the pretraining of an encoder that fits the segmentation model."""
    model = settings.segmentation
    plain = PretrainingSettings()
    return replace(
        plain,
        task=task,
        spatial_dims=model.spatial_dims,
        plane=settings.plane,
        context=model.context,
        width=model.width,
        fit=replace(plain.fit, steps=settings.pretraining_steps, threads=1),
    )


def pretrain(
    files: PoolFiles, run_dir: Path, settings: PretrainingSettings
) -> tuple[TaskName, dict[str, Any]]:
    """Pretrain in a worker process, or go on where it was.

    Returns the task and what was measured at the end.
    """
    from napari_salient.pretraining.job import pretrain_job

    job = pretrain_job(files, run_dir, settings, Control(), resume=True)
    return settings.task, result_of(job)


def encoders_of(run_dirs: Sequence[Path], checkpoints: Sequence[Path]) -> dict[str, Path]:
    """Return what the pretrainings made and what was given, by the name of the proxy task.

    A name that repeats is numbered.

    Raises
    ------
    RunError
        If one is missing, damaged or no checkpoint of a pretraining.
    """
    from napari_salient.pretraining.transfer import load_pretrained

    made = [latest_checkpoint(run_dir) or run_dir for run_dir in run_dirs]
    named: dict[str, Path] = {}
    for checkpoint in (*made, *checkpoints):
        task = load_pretrained(checkpoint)[0].task
        alike = sum(name.split(" ")[0] == task for name in named)
        named[f"{task} {alike + 1}" if alike else task] = checkpoint
    return named
