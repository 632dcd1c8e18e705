"""One round of the experiment: train, measure, choose the next slices."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.choosing import Query
from napari_salient.active_learning.progress import agreement
from napari_salient.active_learning.simulation.fitting import fit_round
from napari_salient.active_learning.simulation.probe import predict_probe
from napari_salient.active_learning.strategies import needs_of, select
from napari_salient.active_learning.training_set import group_by_case
from napari_salient.data.planes import slice_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_salient.active_learning.model import Segmenter
    from napari_salient.active_learning.pool import PoolScores, Proposal
    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.active_learning.simulation.interpolated import Interpolated
    from napari_salient.active_learning.simulation.pretrained import Pretrained

Labelled = list[tuple[int, int]]
"""Labelled slices as (case, index)."""


@dataclass(frozen=True)
class RoundJob:
    """What a worker process does: one training, one query for each strategy that goes on.

    Before the first query all strategies of a seed share their labels, hence one training.
    `interpolated` says whether the slices between labelled ones are trained on too, and how; for
    `audit`, `per_volume` and `min_gap` see `Query`. The file `start` holds the weights to start
    from, if any, and the files `keep` get those that the round ends with. Without such a file the
    training starts from the `pretrained` encoder, if there is one.
    """

    seed: int
    round: int
    strategies: tuple[str, ...]
    labelled: Labelled
    batch: int
    query: bool
    settings: SegmentationSettings
    interpolated: Interpolated | None = None
    audit: float = 0.0
    per_volume: int | None = None
    min_gap: int | None = None
    start: Path | None = None
    keep: tuple[Path, ...] = ()
    pretrained: Pretrained | None = None


@dataclass(frozen=True)
class Pick:
    """A slice to label next, whether it was drawn at random, and how much the model gets right."""

    place: tuple[int, int]
    audit: bool
    agreement: float


@dataclass(frozen=True)
class RoundOutcome:
    """What came of a round.

    Parameters
    ----------
    dice
        Mean over test volumes of each class's Dice, by label value.
    foreground_dice
        The same with all classes merged: shows a lost class that the mean hides.
    dead_classes
        Label values that the training set has and the model predicts nowhere in the test set.
    validation_dice
        Mean over classes and validation volumes; `None` without such volumes.
    picks
        The next slices by strategy.
    probe
        Packed predictions on the seed's probe.
    cpu_seconds
        Processor time of the whole round.
    """

    dice: dict[int, float]
    foreground_dice: float
    dead_classes: list[int]
    validation_dice: float | None
    picks: dict[str, list[Pick]]
    probe: str
    seconds: float
    cpu_seconds: float


def initial_slices(
    cohort: Cohort, seed: int, count: int, features: PoolScores | None = None
) -> Labelled:
    """Choose the slices that every strategy of a seed starts with.

    They are drawn at random, or lie farthest apart by their features if these are given.
    """
    rng = np.random.default_rng([seed, 0])
    name = "random" if features is None else "kcenter"
    chosen = select(name, cohort.pool_state([], features), count, rng)
    return [(proposal.case_id, proposal.index) for proposal in chosen]


def run_round(cohort: Cohort, job: RoundJob) -> RoundOutcome:
    """Train, measure on the test volumes, and query; runs in a worker process with one thread."""
    start, cpu_start = time.perf_counter(), time.process_time()
    model, others = fit_round(cohort, job)
    scores, merged, dead = measure(cohort, model, cohort.test)
    validated = measure(cohort, model, cohort.validation)[0] if cohort.validation else None
    picks = _query(cohort, model, others, job) if job.query else {}
    return RoundOutcome(
        dice=dict(zip(cohort.label_values[1:], scores, strict=True)),
        foreground_dice=merged,
        dead_classes=dead,
        validation_dice=None if validated is None else float(np.nanmean(validated)),
        picks=picks,
        probe=predict_probe(cohort, model, job.seed),
        seconds=time.perf_counter() - start,
        cpu_seconds=time.process_time() - cpu_start,
    )


def measure(
    cohort: Cohort, model: Segmenter, cases: Sequence[int]
) -> tuple[list[float], float, list[int]]:
    """Measure a model on some cases.

    Returns
    -------
    dice : list of float
        Mean over the cases of each class's Dice.
    foreground : float
        The same with all classes merged.
    dead : list of int
        Label values that are predicted nowhere.
    """
    from napari_salient.active_learning.measures import dice_per_class, foreground_dice, mean_dice
    from napari_salient.active_learning.predict import predict_volume

    values = cohort.label_values[1:]
    scores, merged = [], []
    predicted = np.zeros(256, dtype=bool)
    for case in cases:
        prediction, _ = predict_volume(model, cohort.image(case))
        predicted[np.unique(prediction)] = True
        scores.append(dice_per_class(prediction, cohort.truth(case), values))
        merged.append(foreground_dice(prediction, cohort.truth(case)))
    dead = [value for value in values if not predicted[value]]
    return mean_dice(scores).tolist(), float(np.mean(merged)), dead


def _query(
    cohort: Cohort, model: Segmenter, others: Sequence[Segmenter], job: RoundJob
) -> dict[str, list[Pick]]:
    from napari_salient.active_learning.scoring import Scorer, stack_scores

    needs, scores = needs_of(job.strategies), None
    if needs:
        scorer = Scorer(model, needs, others)
        scores = stack_scores([scorer.score(case, cohort.image(case)) for case in cohort.pool])
    state = cohort.pool_state(job.labelled, scores)
    picks = {}
    for name in job.strategies:
        query = Query(name, job.audit, job.per_volume, job.min_gap)
        rng = np.random.default_rng([job.seed, job.round, 2])
        picks[name] = _compared(cohort, model, query.ask(state, job.batch, rng))
    return picks


def _compared(cohort: Cohort, model: Segmenter, proposals: Sequence[Proposal]) -> list[Pick]:
    """Return the proposals with what an annotator would leave of the model's labels."""
    from napari_salient.active_learning.predict import predict_slices

    places = [(proposal.case_id, proposal.index) for proposal in proposals]
    left: dict[tuple[int, int], float] = {}
    for case, indices in group_by_case(places).items():
        truth = cohort.truth(case)
        predicted, _ = predict_slices(model, cohort.image(case), indices)
        for index, shown in zip(indices, predicted, strict=True):
            accepted = slice_of(truth, cohort.plane, index)
            left[case, index] = agreement(shown, accepted, cohort.label_values[1:])
    return [
        Pick(place, proposal.audit, left[place])
        for place, proposal in zip(places, proposals, strict=True)
    ]
