"""One training of the experiment, in a worker process."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.engine.control import Control
from napari_salient.engine.events import Evaluated
from napari_salient.engine.jobs import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.active_learning.task import SegmentationTask
    from napari_salient.engine.events import Event
    from napari_salient.finetuning.comparison.arms import Cell


@dataclass(frozen=True)
class Outcome:
    """What a training reached.

    Parameters
    ----------
    volumes
        Labelled volumes.
    dice
        Mean over the foreground classes of `dice_per_class`, on all test volumes.
    foreground_dice
        The same with all classes merged.
    dead_classes
        Label values that are predicted nowhere.
    curve
        Steps and Dice on some test volumes, as training went on.
    """

    arm: str
    fraction: float
    seed: int
    volumes: int
    dice: float
    dice_per_class: dict[str, float]
    foreground_dice: float
    dead_classes: list[int]
    curve: list[tuple[int, float]]
    cpu_seconds: float

    @property
    def key(self) -> tuple[str, float, int]:
        """What tells the training from others of the experiment."""
        return self.arm, self.fraction, self.seed


def train_cell(cohort: Cohort, cell: Cell, curve_volumes: int) -> Outcome:
    """Train and measure."""
    from napari_salient.active_learning.simulation.experiment import measure

    begun = time.process_time()
    some = cohort.test[:: max(len(cohort.test) // curve_volumes, 1)][:curve_volumes]
    task = _task(cohort, cell, some)
    with TemporaryDirectory(prefix="napari-salient-compare-") as folder:
        curve = list(_curve(_fit(task, cell, Path(folder))))
    scores, merged, dead = measure(cohort, task.model.eval(), cohort.test)
    names = map(str, cohort.label_values[1:])
    return Outcome(
        arm=cell.arm.name,
        fraction=cell.fraction,
        seed=cell.seed,
        volumes=len(cell.cases),
        dice=float(np.nanmean(scores)),
        dice_per_class=dict(zip(names, scores, strict=True)),
        foreground_dice=merged,
        dead_classes=dead,
        curve=curve,
        cpu_seconds=time.process_time() - begun,
    )


def _task(cohort: Cohort, cell: Cell, measured: tuple[int, ...]) -> SegmentationTask:
    from napari_salient.active_learning.task import SegmentationTask
    from napari_salient.active_learning.training import cohort_spec, held_out
    from napari_salient.finetuning.task import FinetuningTask
    from napari_salient.pretraining.transfer import load_pretrained

    spec = cohort_spec(cohort, cell.settings)
    examples = cohort.whole_volumes(cell.settings, cell.cases)
    evaluation = held_out(replace(cohort, test=measured))
    if cell.arm.checkpoint is None:
        return SegmentationTask(spec, examples, cell.settings, evaluation=evaluation)
    _, weights = load_pretrained(cell.arm.checkpoint)
    return FinetuningTask(weights, spec, examples, cell.settings, evaluation=evaluation)


def _fit(task: SegmentationTask, cell: Cell, folder: Path) -> Iterator[Event]:
    from napari_salient.engine.fit import fit

    return fit(task, cell.settings.fit, Control(), folder)


def _curve(events: Iterator[Event]) -> Iterator[tuple[int, float]]:
    for event in outcome(events):
        if isinstance(event, Evaluated):
            yield event.step, event.metrics["dice"]
