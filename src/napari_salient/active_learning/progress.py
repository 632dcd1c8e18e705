"""How far the labelling has come: counts and the learning curve."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.measures import dice_per_class
from napari_salient.project.measurements import Measurement
from napari_salient.project.states import SliceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_salient.data.planes import Plane
    from napari_salient.project.catalogue import Catalogue
    from napari_salient.project.states import SliceRecord

METHOD, AGREEMENT = "active_learning", "agreement"


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


def agreement_measurement(
    case_id: int, plane: Plane, index: int, value: float, run_id: str | None
) -> Measurement:
    """Return the agreement on a slice in the form the catalogue stores."""
    region = {"plane": plane, "index": index}
    return Measurement(case_id, METHOD, AGREEMENT, value, region=region, run_id=run_id)


def learning_curve(catalogue: Catalogue, accepted: set[tuple[int, int]]) -> list[CurvePoint]:
    """Return one point a round; the last agreement of each slice that is still accepted counts."""
    latest: dict[tuple[int, int], Measurement] = {}
    for found in catalogue.measurements(method=METHOD, name=AGREEMENT):
        place = (found.case_id, int((found.region or {})["index"]))
        if place in accepted:
            latest[place] = found
    by_run: dict[str | None, list[float]] = defaultdict(list)
    for found in latest.values():
        by_run[found.run_id].append(found.value)
    return [
        CurvePoint(
            round=r.number,
            labelled=r.labelled,
            agreement=float(np.mean(by_run[r.run_id])) if by_run[r.run_id] else None,
            dice=r.metrics.get("dice"),
        )
        for r in catalogue.rounds()
    ]
