"""Pretraining headless, on the volumes of a folder or a project, and how long a step takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.engine.events import (
    Evaluated,
    Event,
    Finished,
    FinishReason,
    Progress,
    Warned,
)
from napari_salient.engine.jobs import job
from napari_salient.pretraining.alarms import alarms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from napari_salient.engine.control import Control
    from napari_salient.engine.events import MemoryForecast
    from napari_salient.pretraining.intake import PoolFiles
    from napari_salient.pretraining.pool import VolumePool
    from napari_salient.pretraining.settings import PretrainingSettings
    from napari_salient.pretraining.task import PretrainingTask

TIMED_STEPS = 5


@job
def pretrain_job(
    files: PoolFiles,
    run_dir: Path,
    settings: PretrainingSettings,
    control: Control,
    *,
    resume: bool = False,
) -> Iterator[Event]:
    """Teach an encoder on unlabelled volumes.

    Yields
    ------
    MemoryForecast
        What it will take.
    Warned
        What a user should know about the task on these volumes, and if memory is short; after each
        evaluation, what is wrong with the pretraining: collapsed features, answers that borders
        give away.
    Event
        What `engine.fit.fit` yields. Steps carry accuracy and chance, evaluations also the spread
        of the features; the last `Finished` has the last evaluation as its result.
    """
    from napari_salient.engine.fit import fit

    yield Progress(0, 1, "reading headers")
    task = pretraining_task(files, settings)
    for note in notes_on(task, files):
        yield Warned(note)
    expected = _forecast(task)
    yield expected
    if expected.warning:
        yield Warned(expected.warning)
    for event in fit(task, settings.fit, control, run_dir, resume=resume):
        yield event
        if isinstance(event, Evaluated):
            yield from map(Warned, alarms(event.metrics, task.answers))


@job
def time_job(files: PoolFiles, settings: PretrainingSettings, control: Control) -> Iterator[Event]:
    """Find out how long an optimiser step takes, volumes in memory; nothing is kept.

    Yields
    ------
    Progress
        After each step.
    Finished
        At the end, with the median duration of five steps in seconds as its result.
    """
    from napari_salient.engine.optimise import Training
    from napari_salient.engine.threads import limit_threads, thread_share

    seconds: list[float] = []
    training = Training(pretraining_task(files, settings), settings.fit)
    with limit_threads(thread_share(settings.fit.threads)):
        while len(seconds) <= TIMED_STEPS and control.proceed():
            training.task.batch(training.step)  # Volumes are read once, not in every step.
            begun = time.perf_counter()
            yield from training.take_step(control)
            seconds.append(time.perf_counter() - begun)
            yield Progress(len(seconds), TIMED_STEPS + 1, "steps timed")
    if len(seconds) <= TIMED_STEPS:
        yield Finished(FinishReason.CANCELLED)
        return
    yield Finished(FinishReason.COMPLETED, result=float(np.median(seconds[1:])))


@job
def forecast_job(
    files: PoolFiles, settings: PretrainingSettings, control: Control
) -> Iterator[Event]:
    """Find out how much memory a pretraining will take; only the headers of volumes are read.

    Yields
    ------
    Finished
        With the `MemoryForecast` as its result.
    """
    from napari_salient.pretraining.task import PretrainingTask

    yield Progress(0, 1, "reading headers")
    pool, held_out = _pools(files, settings)
    if not control.proceed():
        yield Finished(FinishReason.CANCELLED)
        return
    task = PretrainingTask(settings, pool.blank(), held_out and held_out.blank())
    yield Finished(FinishReason.COMPLETED, result=_forecast(task))


def steps_within(minutes: float, seconds_a_step: float) -> int:
    """Return how many optimiser steps fit into a budget; at least one."""
    return max(int(60 * minutes / seconds_a_step), 1)


def pretraining_task(files: PoolFiles, settings: PretrainingSettings) -> PretrainingTask:
    """Return what is to be trained; it is measured where enough volumes are held out for it."""
    from napari_salient.pretraining.task import PretrainingTask

    return PretrainingTask(settings, *_pools(files, settings))


def notes_on(task: PretrainingTask, files: PoolFiles) -> Iterator[str]:
    """Yield what a user should know about the task on these volumes, in sentences."""
    yield from task.notes
    if not _can_measure(files, task.settings):
        yield (
            f"Too few volumes are held out ({len(files.held_out)}) to measure on; the accuracy is "
            "known for the volumes that are learned from alone."
        )


def _forecast(task: PretrainingTask) -> MemoryForecast:
    from napari_salient.engine.memory import forecast

    fit = task.settings.fit
    return forecast(task, fit, kept=task.kept_bytes, passing=task.passing_bytes)


def _pools(files: PoolFiles, settings: PretrainingSettings) -> tuple[VolumePool, VolumePool | None]:
    held_out = _pool(files, files.held_out, settings) if _can_measure(files, settings) else None
    return _pool(files, files.learn, settings), held_out


def _pool(files: PoolFiles, side: Sequence[Path], settings: PretrainingSettings) -> VolumePool:
    from napari_salient.pretraining.pool import VolumePool

    if files.are_pictures:
        return VolumePool.of_pictures(side, settings.side)
    return VolumePool.of_files(side)


def _can_measure(files: PoolFiles, settings: PretrainingSettings) -> bool:
    from napari_salient.pretraining.tasks import TASKS

    return len(files.held_out) >= TASKS[settings.task].volumes
