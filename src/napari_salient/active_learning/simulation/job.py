"""Runs the experiment over worker processes, resumable after a kill."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import partial
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.simulation.experiment import (
    RoundJob,
    RoundOutcome,
    initial_slices,
    run_round,
)
from napari_salient.active_learning.simulation.interpolated import Interpolated
from napari_salient.active_learning.simulation.probe import probe_stability
from napari_salient.active_learning.simulation.records import Record, RecordFile, identity_of
from napari_salient.active_learning.strategies import strategy
from napari_salient.engine.atomic import write_atomically
from napari_salient.engine.events import Evaluated, Event, Finished, FinishReason, Progress
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_salient.active_learning.settings import SimulationSettings
    from napari_salient.data.planes import Plane
    from napari_salient.engine.control import Control

POLL_S = 0.2
"""How often a pause or cancel is looked for while rounds are under way."""


def simulate(
    images: Path, labels: Path, settings: SimulationSettings, output: Path, control: Control
) -> Iterator[Event]:
    """Compare query strategies on volumes whose labels are known (Burmeister et al. 2022).

    Every n-th patient is held out and only measured on. All strategies of a seed share their
    initial slices and their network seeds, and every round trains from scratch for the same number
    of steps.

    Parameters
    ----------
    images, labels
        Folders of volumes and labels with equal names.
    settings
        What to compare.
    output
        JSON file to write; a picture of the curves goes beside it. Rounds already done are taken
        from its ``.partial.jsonl``.
    control
        Cancelling ends the rounds under way and keeps those done.

    Yields
    ------
    Progress, Evaluated
        After each round; `Evaluated` carries the Dice and counts labelled slices as steps.
    Finished
        At the end, with the content of the output file as its result.
    """
    read = partial(Cohort.read, images, labels)
    yield from _guarded(_simulate(read, settings, output, control))


def simulate_decathlon(
    folder: Path, settings: SimulationSettings, output: Path, control: Control
) -> Iterator[Event]:
    """Do what `simulate` does on a task of the Medical Segmentation Decathlon in its own layout.

    Parameters
    ----------
    folder
        Folder with ``dataset.json``; cases are split in the order of its list.
    settings, output, control
        As for `simulate`, and so are the events.
    """
    read = partial(Cohort.read_decathlon, folder)
    yield from _guarded(_simulate(read, settings, output, control))


def _guarded(events: Iterator[Event]) -> Iterator[Event]:
    try:
        yield from events
    except Exception as error:
        yield Finished(FinishReason.ERRORED, message=str(error), error=error)


def _simulate(
    read: Callable[[Plane, int, int], Cohort],
    settings: SimulationSettings,
    output: Path,
    control: Control,
) -> Iterator[Event]:
    names = settings.strategy_names()
    _check(settings, names)
    yield Progress(0, 1, "reading volumes")
    cohort = read(settings.plane, settings.test_every, settings.validation_every)
    file = RecordFile(output, identity_of(settings, [path.name for path in cohort.images]))
    total = len(names) * settings.seeds * (settings.rounds + 1)
    yield Progress(len(file.records), total, "rounds")
    processes = settings.processes or os.cpu_count() or 1
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _one_thread, (cohort,))
    try:
        for record in _schedule(pool, cohort, settings, names, file, control):
            yield Evaluated(record.labelled_slices, {"dice": record.dice})
            yield Progress(len(file.records), total, "rounds")
    finally:
        _stop(pool)
    if len(file.records) < total:
        yield Finished(
            FinishReason.CANCELLED,
            message=f"{len(file.records)} of {total} rounds are done and kept.",
        )
        return
    result = _write(cohort, settings, file.records, output)
    file.close()
    yield Finished(FinishReason.COMPLETED, step=total, message=f"wrote {output}", result=result)


def _check(settings: SimulationSettings, names: list[str]) -> None:
    for name in names:
        strategy(name)
    for field in ("initial", "batch", "rounds", "seeds"):
        if getattr(settings, field) < 1:
            raise InputError(
                f"The simulation needs at least one of {field!r}, not {getattr(settings, field)}."
            )
    if not names or min(settings.test_every, settings.validation_every or 2) < 2:
        raise InputError(
            "The simulation needs a strategy, and every second patient at most for "
            "validation and in the test set."
        )
    fit = settings.segmentation.fit
    if "ensemble" in names and not 0 < fit.save_every < fit.steps:
        raise InputError(
            "The strategy 'ensemble' compares the last two checkpoints of a training: set "
            f"segmentation.fit.save_every between 1 and {fit.steps - 1}, not {fit.save_every}."
        )


def _schedule(
    pool: ProcessPoolExecutor,
    cohort: Cohort,
    settings: SimulationSettings,
    names: list[str],
    file: RecordFile,
    control: Control,
) -> Iterator[Record]:
    """Keep the workers busy; yield each round's record once it is on disk."""
    pending: dict[Future[RoundOutcome], RoundJob] = {}

    def submit(job: RoundJob) -> None:
        pending[pool.submit(_work, job)] = job

    for job in _first_jobs(cohort, settings, names, file):
        submit(job)
    while pending and control.proceed():
        done, _ = wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED)
        for future in done:
            job = pending.pop(future)
            for name in job.strategies:
                before = file.last(name, job.seed)
                record = _record(cohort, job, name, future.result(), before)
                file.add(record)
                yield record
                if record.round < settings.rounds:
                    submit(_following(record, settings))


def _first_jobs(
    cohort: Cohort, settings: SimulationSettings, names: list[str], file: RecordFile
) -> Iterator[RoundJob]:
    """Yield where each strategy and seed goes on; the fresh ones of a seed start together."""
    for seed in range(settings.seeds):
        fresh = tuple(name for name in names if file.last(name, seed) is None)
        if fresh:
            labelled = initial_slices(cohort, seed, settings.initial)
            yield _job(settings, seed, 0, fresh, labelled)
        for name in names:
            record = file.last(name, seed)
            if record is not None and record.round < settings.rounds:
                yield _following(record, settings)


def _following(record: Record, settings: SimulationSettings) -> RoundJob:
    labelled = record.labelled + record.next
    return _job(settings, record.seed, record.round + 1, (record.strategy,), labelled)


def _job(
    settings: SimulationSettings,
    seed: int,
    number: int,
    strategies: tuple[str, ...],
    labelled: list[tuple[int, int]],
) -> RoundJob:
    query = number < settings.rounds
    return RoundJob(
        seed,
        number,
        strategies,
        labelled,
        settings.batch,
        query,
        settings.segmentation,
        interpolated=Interpolated() if settings.interpolate else None,
        audit=settings.audit,
        per_volume=settings.per_volume,
        min_gap=settings.min_gap,
    )


def _record(
    cohort: Cohort, job: RoundJob, name: str, outcome: RoundOutcome, before: Record | None
) -> Record:
    values = [outcome.dice[value] for value in cohort.label_values[1:]]
    return Record(
        strategy=name,
        seed=job.seed,
        round=job.round,
        labelled_slices=len(job.labelled),
        volumes_touched=len({case for case, _ in job.labelled}),
        dice_per_class={str(value): dice for value, dice in outcome.dice.items()},
        dice=float(np.nanmean(values)) if not all(map(math.isnan, values)) else math.nan,
        foreground_dice=outcome.foreground_dice,
        dead_classes=outcome.dead_classes,
        validation_dice=outcome.validation_dice,
        seconds=outcome.seconds,
        cpu_seconds=outcome.cpu_seconds,
        labelled=job.labelled,
        next=outcome.picks.get(name, []),
        probe=outcome.probe,
        stability=probe_stability(before.probe, outcome.probe, cohort) if before else None,
    )


def _write(
    cohort: Cohort, settings: SimulationSettings, records: list[Record], output: Path
) -> dict[str, Any]:
    from napari_salient.active_learning.simulation.atlas import atlas_dice
    from napari_salient.active_learning.simulation.curves import draw_curves
    from napari_salient.active_learning.simulation.summary import summarise

    order = settings.strategy_names()
    records = sorted(records, key=lambda r: (order.index(r.strategy), r.seed, r.round))
    result = {
        "settings": dataclasses.asdict(settings),
        "data": {
            "classes": dict(zip(cohort.label_values[1:], cohort.class_names, strict=True)),
            "pool": len(cohort.pool),
            "validation": len(cohort.validation),
            "test": len(cohort.test),
            "pool_slices": _pool_slices(cohort),
        },
        "records": [record.row() for record in records],
        "summary": {"atlas_dice": atlas_dice(cohort), **summarise(records)},
        "note": "Simulated annotator on a fixed test set. Research use only.",
    }
    write_atomically(output, json.dumps(result, indent=1).encode())
    draw_curves(result, output.with_suffix(".png"))
    return result


def _pool_slices(cohort: Cohort) -> int:
    return sum(cohort.slices[case] for case in cohort.pool)


_cohort: Cohort | None = None


def _one_thread(cohort: Cohort) -> None:
    """Prepare a worker process."""
    import torch

    global _cohort
    _cohort = cohort
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, also if that was killed."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(job: RoundJob) -> RoundOutcome:
    assert _cohort is not None
    return run_round(_cohort, job)


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers at once; a round under way holds nothing that is not on disk."""
    for process in list((pool._processes or {}).values()):  # noqa: SLF001
        process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)
