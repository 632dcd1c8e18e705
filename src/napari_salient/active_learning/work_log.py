"""What is known of every slice that was decided about: how good its draft was, what it cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.project.measurements import Measurement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_salient.active_learning.training_set import Place
    from napari_salient.data.planes import Plane

METHOD, AGREEMENT, SECONDS, STROKES = "active_learning", "agreement", "seconds", "strokes"


@dataclass(frozen=True)
class SliceAgreement:
    """How much of a pre-annotation was left in an accepted slice.

    Parameters
    ----------
    dice
        Mean Dice over classes between what was shown and what was accepted.
    run_id
        The run whose pre-annotation was shown.
    audit
        Whether the slice was drawn at random, not chosen by a strategy.
    shows
        Whether either of the two shows a class; where none does, the Dice is 1.
    """

    dice: float
    run_id: str | None
    audit: bool
    shows: bool


class WorkLog:
    """The measurements of the annotator's work, by slice, in memory.

    Reading thousands of them from the catalogue takes longer than a key press may; so they are read
    once, and whoever stores more adds them here too.

    Parameters
    ----------
    found
        The measurements so far, oldest first; others than those of the work are passed over.
    """

    def __init__(self, found: Iterable[Measurement] = ()) -> None:
        self.agreements: dict[Place, SliceAgreement] = {}
        self.seconds: dict[Place, float] = defaultdict(float)
        self.strokes: dict[Place, float] = defaultdict(float)
        self.pre_annotated: dict[Place, bool] = {}
        self.add(*found)

    def add(self, *found: Measurement) -> None:
        """Take in new measurements: efforts on a slice add up, the last agreement counts.

        A slice that was pre-annotated once stays so: a round later the queue has forgotten it.
        """
        for measurement in found:
            region = measurement.region or {}
            place = measurement.case_id, int(region.get("index", -1))
            if measurement.name == AGREEMENT:
                self.agreements[place] = SliceAgreement(
                    measurement.value,
                    measurement.run_id,
                    region.get("audit", False),
                    region.get("shows", True),
                )
            elif measurement.name in (SECONDS, STROKES):
                spent = self.seconds if measurement.name == SECONDS else self.strokes
                spent[place] += measurement.value
                helped = self.pre_annotated.get(place, False)
                self.pre_annotated[place] = helped or measurement.run_id is not None

    def of_accepted(self, accepted: set[Place]) -> list[SliceAgreement]:
        """Return the agreements on slices that are accepted."""
        return [found for place, found in self.agreements.items() if place in accepted]


def agreement_measurement(
    case_id: int, plane: Plane, index: int, found: SliceAgreement
) -> Measurement:
    """Return the agreement on a slice in the form the catalogue stores."""
    region = {"plane": plane, "index": index, "audit": found.audit, "shows": found.shows}
    return Measurement(case_id, METHOD, AGREEMENT, found.dice, region=region, run_id=found.run_id)


def effort_measurements(
    case_id: int, plane: Plane, index: int, spent: tuple[float, int], run_id: str | None
) -> list[Measurement]:
    """Return what a decision about a slice cost, in the form the catalogue stores.

    `run_id` is the run whose pre-annotation was shown; `None` where the slice was begun blank.
    """
    region = {"plane": plane, "index": index}
    seconds, strokes = spent
    return [
        Measurement(case_id, METHOD, SECONDS, seconds, "s", region=region, run_id=run_id),
        Measurement(case_id, METHOD, STROKES, float(strokes), region=region, run_id=run_id),
    ]
