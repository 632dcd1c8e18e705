"""Runs the comparison over worker processes, resumable after a kill."""

from __future__ import annotations

import os
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from napari_salient.active_learning.simulation.workers import worker_pool
from napari_salient.active_learning.training import cohort_spec
from napari_salient.engine.events import Evaluated, Event, Finished, FinishReason, Progress
from napari_salient.engine.experiment_file import refuse_other_result
from napari_salient.engine.jobs import job
from napari_salient.errors import InputError
from napari_salient.finetuning.comparison.arms import arms_of, cells_of
from napari_salient.finetuning.comparison.encoders import (
    encoders_of,
    pool_files,
    pretrain,
    pretraining_settings,
)
from napari_salient.finetuning.comparison.records import OutcomeFile, identity_of
from napari_salient.finetuning.comparison.result import write_result
from napari_salient.finetuning.comparison.training import train_cell
from napari_salient.finetuning.coverage import refuse_unfit
from napari_salient.finetuning.unseen import measured_in, refuse_seen

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.data.planes import Plane
    from napari_salient.engine.control import Control
    from napari_salient.finetuning.comparison.arms import Cell
    from napari_salient.finetuning.settings import ComparisonSettings
    from napari_salient.pretraining.settings import TaskName

POLL_S = 0.2
"""How often a pause or cancel is looked for while trainings are under way."""


@job
def compare_job(
    read: Callable[[Plane, int], Cohort],
    checkpoints: Sequence[Path],
    settings: ComparisonSettings,
    output: Path,
    control: Control,
) -> Iterator[Event]:
    """Measure what pretraining is worth on volumes whose labels are known (Taleb et al. 2020).

    Every n-th patient is held out and only measured on. All arms of a seed share their labelled
    volumes, their first weights outside the encoder, their batches and their number of steps.

    Parameters
    ----------
    read
        Reads the labelled volumes, given the slicing plane and which patients are tested on.
    checkpoints
        Pretrainings to compare, beside those that the settings ask for.
    settings
        What to compare.
    output
        JSON file to write; a picture goes beside it. Trainings already done are taken from its
        ``.partial.jsonl``, pretrainings from its ``.pretraining`` folder.
    control
        Cancelling ends the trainings under way and keeps those done.

    Yields
    ------
    Progress, Evaluated
        After each training; `Evaluated` carries the Dice and counts labelled volumes as steps.
    Finished
        At the end, with the content of the output file as its result.
    """
    tasks = settings.task_names()
    settings.shares()
    if not tasks and not checkpoints:
        raise InputError("Name proxy tasks with --tasks, or pretrainings with --checkpoints.")
    yield Progress(0, 1, "reading volumes")
    cohort = read(settings.plane, settings.test_every)
    for checkpoint in checkpoints:
        refuse_unfit(checkpoint, cohort_spec(cohort, settings.segmentation))
        refuse_seen(checkpoint, measured_in(cohort))
    identity = identity_of(settings, cohort, checkpoints)
    refuse_other_result(output, identity, itemgetter("experiment"))
    file = OutcomeFile(output, identity)
    with worker_pool(None, settings.processes or os.cpu_count() or 1) as pool:
        pretrainings = yield from _pretrain(
            pool, cohort, settings, _folders(output, tasks), control
        )
        if not control.cancelled:
            encoders = encoders_of(list(_folders(output, tasks).values()), checkpoints)
            cells = list(cells_of(cohort, settings, arms_of(encoders, settings)))
            yield from _train(pool, cohort, cells, settings.curve_volumes, file, control)
    if control.cancelled:
        message = f"{len(file.outcomes)} trainings are done and kept."
        yield Finished(FinishReason.CANCELLED, message=message)
        return
    result = write_result(cohort, settings, identity, pretrainings, file.outcomes, output)
    file.close()
    yield Finished(FinishReason.COMPLETED, message=f"wrote {output}", result=result)


def _folders(output: Path, tasks: Sequence[TaskName]) -> dict[TaskName, Path]:
    """Return where each proxy task is pretrained."""
    return {task: output.with_name(output.name + ".pretraining") / task for task in tasks}


def _pretrain(
    pool: ProcessPoolExecutor,
    cohort: Cohort,
    settings: ComparisonSettings,
    folders: dict[TaskName, Path],
    control: Control,
) -> Generator[Event, None, dict[str, Any]]:
    """Pretrain by each task on the images of the pool; return what each reached on test images."""
    files = pool_files(cohort)
    calls = [
        (pretrain, files, folder, pretraining_settings(settings, task))
        for task, folder in folders.items()
    ]
    found: dict[str, Any] = {}
    for task, metrics in _results(pool, calls, control):
        found[task] = metrics
        yield Evaluated(settings.pretraining_steps, metrics)
        yield Progress(len(found), len(calls), "pretrainings")
    return found


def _train(
    pool: ProcessPoolExecutor,
    cohort: Cohort,
    cells: Sequence[Cell],
    curve_volumes: int,
    file: OutcomeFile,
    control: Control,
) -> Iterator[Event]:
    """Train what is not done yet; each outcome is on disk before it is told."""
    done = {outcome.key for outcome in file.outcomes}
    calls = [(train_cell, cohort, cell, curve_volumes) for cell in cells if cell.key not in done]
    yield Progress(len(cells) - len(calls), len(cells), "trainings")
    for outcome in _results(pool, calls, control):
        file.add(outcome)
        yield Evaluated(outcome.volumes, {"dice": outcome.dice})
        yield Progress(len(file.outcomes), len(cells), "trainings")


def _results(
    pool: ProcessPoolExecutor, calls: Sequence[tuple[Any, ...]], control: Control
) -> Iterator[Any]:
    """Yield what calls, each a function with its arguments, return in the workers."""
    pending = {pool.submit(*call) for call in calls}
    while pending and control.proceed():
        done, pending = wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()
