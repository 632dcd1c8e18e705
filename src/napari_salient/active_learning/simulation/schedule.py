"""Which rounds there are to run, and in what order."""

from __future__ import annotations

import math
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.simulation.experiment import (
    RoundJob,
    RoundOutcome,
    initial_slices,
)
from napari_salient.active_learning.simulation.interpolated import Interpolated
from napari_salient.active_learning.simulation.probe import probe_stability
from napari_salient.active_learning.simulation.records import Record, RecordFile
from napari_salient.active_learning.simulation.workers import work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.active_learning.pool import PoolScores
    from napari_salient.active_learning.settings import SimulationSettings
    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.active_learning.simulation.pretrained import Pretrained
    from napari_salient.active_learning.simulation.weights import WeightsFolder
    from napari_salient.engine.control import Control

POLL_S = 0.2
"""How often a pause or cancel is looked for while rounds are under way."""


@dataclass(frozen=True)
class Schedule:
    """The rounds of an experiment that are not in its file yet.

    All strategies of a seed share their first round; then each goes its own way. By `features` of
    the pool the first slices are chosen, at random without them.
    """

    cohort: Cohort
    settings: SimulationSettings
    file: RecordFile
    weights: WeightsFolder
    pretrained: Pretrained | None = None
    features: PoolScores | None = None

    def run(self, pool: ProcessPoolExecutor, control: Control) -> Iterator[Record]:
        """Keep the workers busy; yield each round's record once it is on disk."""
        pending: dict[Future[RoundOutcome], RoundJob] = {}

        def submit(job: RoundJob) -> None:
            pending[pool.submit(work, job)] = job

        for job in self._first() if control.proceed() else ():
            submit(job)
        while pending and control.proceed():
            done, _ = wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED)
            for future in done:
                job = pending.pop(future)
                for name in job.strategies:
                    record = self._add(job, name, future.result())
                    yield record
                    if record.round < self.settings.rounds:
                        submit(self._following(record))

    def _first(self) -> Iterator[RoundJob]:
        """Yield where each strategy and seed goes on; the fresh ones of a seed start together."""
        names = self.settings.strategy_names()
        for seed in range(self.settings.seeds):
            fresh = tuple(name for name in names if self.file.last(name, seed) is None)
            if fresh:
                labelled = initial_slices(self.cohort, seed, self.settings.initial, self.features)
                yield self._job(seed, 0, fresh, labelled)
            for name in names:
                record = self.file.last(name, seed)
                if record is not None and record.round < self.settings.rounds:
                    yield self._following(record)

    def _following(self, record: Record) -> RoundJob:
        start = self.weights.of(record) if self.settings.warm_start else None
        labelled = record.labelled + record.next
        return self._job(record.seed, record.round + 1, (record.strategy,), labelled, start)

    def _job(
        self,
        seed: int,
        number: int,
        strategies: tuple[str, ...],
        labelled: list[tuple[int, int]],
        start: Path | None = None,
    ) -> RoundJob:
        settings = self.settings
        query = number < settings.rounds
        keep = strategies if settings.warm_start and query else ()
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
            start=start,
            keep=tuple(self.weights.path(name, seed, number) for name in keep),
            pretrained=self.pretrained,
        )

    def _add(self, job: RoundJob, name: str, outcome: RoundOutcome) -> Record:
        before = self.file.last(name, job.seed)
        record = _record(self.cohort, job, name, outcome, before)
        self.file.add(record)
        self.weights.outdate(record)
        return record


def _record(
    cohort: Cohort, job: RoundJob, name: str, outcome: RoundOutcome, before: Record | None
) -> Record:
    values = [outcome.dice[value] for value in cohort.label_values[1:]]
    picks = outcome.picks.get(name, [])
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
        next=[pick.place for pick in picks],
        audit=[pick.audit for pick in picks],
        agreement=[pick.agreement for pick in picks],
        probe=outcome.probe,
        stability=probe_stability(before.probe, outcome.probe, cohort) if before else None,
    )
