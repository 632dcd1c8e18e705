"""Runs the experiment over worker processes, resumable after a kill."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.simulation.pretrained import pool_features
from napari_salient.active_learning.simulation.records import RecordFile, identity_of
from napari_salient.active_learning.simulation.result import check_output, write_result
from napari_salient.active_learning.simulation.schedule import Schedule
from napari_salient.active_learning.simulation.weights import WeightsFolder
from napari_salient.active_learning.simulation.workers import worker_pool
from napari_salient.active_learning.strategies import strategy
from napari_salient.engine.events import (
    Evaluated,
    Event,
    Finished,
    FinishReason,
    Progress,
    Warned,
)
from napari_salient.engine.jobs import job
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_salient.active_learning.settings import SimulationSettings
    from napari_salient.active_learning.simulation.pretrained import Pretrained
    from napari_salient.data.planes import Plane
    from napari_salient.engine.control import Control


@job
def simulate(
    images: Path,
    labels: Path,
    settings: SimulationSettings,
    output: Path,
    control: Control,
    pretrained: Pretrained | None = None,
) -> Iterator[Event]:
    """Compare query strategies on volumes whose labels are known (Burmeister et al. 2022).

    Every n-th patient is held out and only measured on. All strategies of a seed share their
    initial slices and their network seeds, and every round trains for the same number of steps,
    from scratch or a pretrained encoder unless the settings ask for a warm start.

    Parameters
    ----------
    images, labels
        Folders of volumes and labels with equal names.
    settings
        What to compare.
    output
        JSON file to write; a picture of the curves goes beside it. Rounds already done are taken
        from its ``.partial.jsonl``. The result of another experiment is not written over.
    control
        Cancelling ends the rounds under way and keeps those done.
    pretrained
        Encoder that trainings start from instead of random weights.

    Yields
    ------
    Warned
        What the encoder is, if there is one.
    Progress, Evaluated
        After each round; `Evaluated` carries the Dice and counts labelled slices as steps.
    Finished
        At the end, with the content of the output file as its result.
    """
    read = partial(Cohort.read, images, labels)
    yield from _simulate(read, settings, output, control, pretrained)


@job
def simulate_decathlon(
    folder: Path,
    settings: SimulationSettings,
    output: Path,
    control: Control,
    pretrained: Pretrained | None = None,
) -> Iterator[Event]:
    """Do what `simulate` does on a task of the Medical Segmentation Decathlon in its own layout.

    Parameters
    ----------
    folder
        Folder with ``dataset.json``; cases are split in the order of its list.
    settings, output, control, pretrained
        As for `simulate`, and so are the events.
    """
    read = partial(Cohort.read_decathlon, folder)
    yield from _simulate(read, settings, output, control, pretrained)


def _simulate(
    read: Callable[[Plane, int, int], Cohort],
    settings: SimulationSettings,
    output: Path,
    control: Control,
    pretrained: Pretrained | None,
) -> Iterator[Event]:
    names = settings.strategy_names()
    _check(settings, names, pretrained)
    yield Progress(0, 1, "reading volumes")
    cohort = read(settings.plane, settings.test_every, settings.validation_every)
    encoder = pretrained.identity() if pretrained else None
    identity = identity_of(settings, cohort.names, encoder, cohort.fingerprint())
    check_output(output, identity)
    file, weights = RecordFile(output, identity), WeightsFolder(output)
    total = len(names) * settings.seeds * (settings.rounds + 1)
    features = None
    if pretrained is not None:
        yield Warned(pretrained.check(cohort, settings.segmentation))
        if settings.first == "kcenter":
            features = yield from pool_features(cohort, pretrained, control)
    schedule = Schedule(cohort, settings, file, weights, pretrained, features)
    yield Progress(len(file.records), total, "rounds")
    with worker_pool(cohort, settings.processes or os.cpu_count() or 1) as pool:
        for record in schedule.run(pool, control):
            yield Evaluated(record.labelled_slices, {"dice": record.dice})
            yield Progress(len(file.records), total, "rounds")
    if len(file.records) < total:
        yield Finished(
            FinishReason.CANCELLED,
            message=f"{len(file.records)} of {total} rounds are done and kept.",
        )
        return
    result = write_result(cohort, settings, identity, file.records, output)
    file.close()
    weights.close()
    yield Finished(FinishReason.COMPLETED, step=total, message=f"wrote {output}", result=result)


def _check(settings: SimulationSettings, names: list[str], pretrained: Pretrained | None) -> None:
    for name in names:
        strategy(name)
    if not names or settings.validation_every == 1:
        raise InputError(
            "The simulation needs a strategy, and every second patient at most for validation."
        )
    if settings.first == "kcenter" and pretrained is None:
        raise InputError(
            "First slices by k-center need the features of an encoder: name one with --pretrained, "
            "or choose --first random."
        )
    fit = settings.segmentation.fit
    if "ensemble" in names and not 0 < fit.save_every < fit.steps:
        raise InputError(
            "The strategy 'ensemble' compares the last two checkpoints of a training: set "
            f"segmentation.fit.save_every between 1 and {fit.steps - 1}, not {fit.save_every}."
        )
