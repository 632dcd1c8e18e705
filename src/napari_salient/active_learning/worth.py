"""Whether it is worth going on: what the session's records say to the stop advice."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.stopping import (
    Basis,
    StopAdvice,
    advise,
    compare,
    lead_sentence,
    prequential_agreement,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_salient.active_learning.training_set import Place
    from napari_salient.active_learning.work_log import SliceAgreement, WorkLog
    from napari_salient.project.rounds import Round

STABILITY = "stability"
"""Among a round's metrics: the Dice between its predictions on the probe and the last round's."""


def stop_advice(
    rounds: Sequence[Round], log: WorkLog, accepted: set[Place], batch: int
) -> StopAdvice:
    """Return the signals and what they advise, from what rounds and annotator have left behind.

    The learning curve is that of the validation volumes; where there are none, a round counts with
    the agreement on the audit slices that it pre-annotated.

    Parameters
    ----------
    rounds
        All of the project, by number.
    log
        The annotator's work so far.
    accepted
        The slices whose agreement counts.
    batch
        Slices of the next batch.
    """
    agreements = log.of_accepted(accepted)
    dice, drawn = [a.dice for a in agreements], [a.audit for a in agreements]
    audit, chosen = prequential_agreement(dice, drawn)
    basis, curve = _curve(rounds, agreements)
    return advise(
        [r.labelled for r in rounds],
        curve,
        batch,
        np.random.default_rng(0),
        stabilities=[r.metrics[STABILITY] for r in rounds if STABILITY in r.metrics],
        seconds=_seconds(log, accepted),
        audit=audit,
        chosen=chosen,
        basis=basis,
        lead=_lead(agreements),
    )


def _curve(
    rounds: Sequence[Round], agreements: Sequence[SliceAgreement]
) -> tuple[Basis, list[float]]:
    validated = [r.metrics.get("dice", math.nan) for r in rounds]
    if not all(map(math.isnan, validated)):
        return "validation", validated
    audited: dict[str | None, list[float]] = defaultdict(list)
    for found in agreements:
        if found.audit:
            audited[found.run_id].append(found.dice)
    return "audit", [
        float(np.mean(audited[r.run_id])) if audited[r.run_id] else math.nan for r in rounds
    ]


def _seconds(log: WorkLog, accepted: set[Place]) -> list[float]:
    """Return the time spent on each accepted slice; of pre-annotated ones where there are any."""
    spent = {place: s for place, s in log.seconds.items() if place in accepted}
    helped = [s for place, s in spent.items() if log.pre_annotated[place]]
    return helped or list(spent.values())


def _lead(agreements: Sequence[SliceAgreement]) -> str:
    kinds = agreements, [a for a in agreements if a.shows]
    return lead_sentence(*(compare([a.dice for a in k], [a.audit for a in k]) for k in kinds))
