"""Encoders pretrained on the images of a cohort's pool, one for each seed."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_salient.engine.checkpoint import latest_checkpoint
from napari_salient.finetuning.comparison.encoders import pool_files, pretrain
from napari_salient.finetuning.simulated import SimulatedStart
from napari_salient.pretraining.settings import PretrainingSettings
from support.trainings import Record, Training, run_trainings

if TYPE_CHECKING:
    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.pretraining.settings import TaskName


def pretrained_starts(
    cohort: Cohort,
    settings: SegmentationSettings,
    task: TaskName,
    steps: int,
    seeds: int,
    output: Path,
    processes: int,
) -> dict[int, SimulatedStart]:
    """Return what trainings of each seed start from; a second call goes on where one ended.

    The runs lie in ``<output>.pretraining`` and the test volumes are not among their images.
    """
    folder = output.with_name(output.name + ".pretraining")
    wanted = [
        {"task": task, "plane": cohort.plane, "steps": steps, "seed": seed} for seed in range(seeds)
    ]
    train = partial(_pretrain, cohort, settings, folder)
    records = run_trainings(wanted, train, folder / "done.json", processes)
    starts = {r["training"]["seed"]: SimulatedStart(Path(r["checkpoint"])) for r in records}
    for start in starts.values():
        start.check(cohort, settings)
    return starts


def _pretrain(
    cohort: Cohort, model: SegmentationSettings, folder: Path, training: Training
) -> Record:
    """Pretrain in a worker process."""
    begun = time.process_time()
    plain = PretrainingSettings()
    settings = replace(
        plain,
        task=training["task"],
        plane=cohort.plane,
        spatial_dims=model.spatial_dims,
        context=model.context,
        width=model.width,
        fit=replace(plain.fit, steps=training["steps"], seed=training["seed"], threads=1),
    )
    run_dir = folder / "-".join(map(str, training.values()))
    _, metrics = pretrain(pool_files(cohort), run_dir, settings)
    return {
        "checkpoint": str(latest_checkpoint(run_dir)),
        "metrics": metrics,
        "cpu_seconds": time.process_time() - begun,
    }
