"""How far the labelling has come: counts and the learning curve."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.measures import dice_per_class
from napari_salient.project.states import SliceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_salient.active_learning.training_set import Place
    from napari_salient.active_learning.work_log import WorkLog
    from napari_salient.project.rounds import Round
    from napari_salient.project.states import SliceRecord


@dataclass(frozen=True)
class Counts:
    """Slices of the pool by state, out of `slices`, and the volumes with an accepted one."""

    slices: int
    accepted: int
    draft: int
    proposed: int
    sent_back: int
    volumes: int


@dataclass(frozen=True)
class CurvePoint:
    """A round: the slices it was trained on, and how good it was.

    `agreement` is the mean Dice between its pre-annotations and what the annotator made of them;
    `dice` is the mean Dice on validation cases. Each is `None` where there is nothing to measure.
    """

    round: int
    labelled: int
    agreement: float | None
    dice: float | None


def count_slices(records: Iterable[SliceRecord], pool: Mapping[int, int]) -> Counts:
    """Count the slices of the pool, which has so many slices of each case, by their state."""
    ours = [record for record in records if record.case_id in pool]
    states = Counter(record.state for record in ours)
    volumes = {record.case_id for record in ours if record.state is SliceState.ACCEPTED}
    return Counts(
        slices=sum(pool.values()),
        accepted=states[SliceState.ACCEPTED],
        draft=states[SliceState.DRAFT],
        proposed=states[SliceState.PROPOSED],
        sent_back=states[SliceState.SENT_BACK],
        volumes=len(volumes),
    )


def agreement(
    shown: NDArray[np.uint8], accepted: NDArray[np.uint8], values: Sequence[int]
) -> float:
    """Return the mean Dice over the classes that either label has; 1 where both show none."""
    scores = dice_per_class(shown, accepted, values)
    found = scores[np.isfinite(scores)]
    return float(found.mean()) if len(found) else 1.0


def learning_curve(rounds: Sequence[Round], log: WorkLog, accepted: set[Place]) -> list[CurvePoint]:
    """Return one point a round; the last agreement of each slice that is still accepted counts."""
    by_run: dict[str | None, list[float]] = defaultdict(list)
    for found in log.of_accepted(accepted):
        by_run[found.run_id].append(found.dice)
    return [
        CurvePoint(
            round=r.number,
            labelled=r.labelled,
            agreement=float(np.mean(by_run[r.run_id])) if by_run[r.run_id] else None,
            dice=r.metrics.get("dice"),
        )
        for r in rounds
    ]
