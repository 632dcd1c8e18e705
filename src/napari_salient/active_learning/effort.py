"""What labelling costs the annotator: seconds and strokes on each slice; local to the project."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_salient.active_learning.training_set import Place
    from napari_salient.active_learning.work_log import WorkLog

LONGEST_PAUSE_S = 30.0
"""Time without a sign of life that still counts as work; beyond it somebody has left the desk."""


class Stopwatch:
    """Counts working time and strokes on slices as signs of life come in.

    The time between two signs belongs to the slice of the first one; of a pause only
    `LONGEST_PAUSE_S` is counted.

    Parameters
    ----------
    clock
        Returns seconds; never runs backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[tuple[int, int], float] | None = None
        self._seconds: dict[tuple[int, int], float] = defaultdict(float)
        self._strokes: dict[tuple[int, int], int] = defaultdict(int)

    def active(self, place: tuple[int, int]) -> None:
        """Note that somebody is at work on the slice (case, index)."""
        now = self._clock()
        if self._last is not None:
            before, then = self._last
            self._seconds[before] += min(now - then, LONGEST_PAUSE_S)
        self._last = place, now

    def stroke(self, place: tuple[int, int]) -> None:
        """Note a change of labels made while looking at the slice."""
        self.active(place)
        self._strokes[place] += 1

    def take(self, place: tuple[int, int]) -> tuple[float, int]:
        """Return the seconds and strokes spent on a slice, and begin anew for it."""
        self.active(place)
        return self._seconds.pop(place, 0.0), self._strokes.pop(place, 0)


@dataclass(frozen=True)
class Effort:
    """Slices of one kind, and the median seconds and mean strokes that one of them took."""

    slices: int
    seconds: float
    strokes: float


def effort(log: WorkLog) -> dict[bool, Effort]:
    """Return the effort of slices begun blank (`False`) and of pre-annotated ones (`True`).

    A kind without a slice is missing. A slice that was decided about several times counts once,
    with all that was spent on it; it is pre-annotated if it was so at any decision.
    """
    helped = log.pre_annotated
    kinds = {kind: [p for p, was in helped.items() if was is kind] for kind in (False, True)}
    return {kind: _summary(places, log) for kind, places in kinds.items() if places}


def _summary(places: Sequence[Place], log: WorkLog) -> Effort:
    seconds = [log.seconds[place] for place in places]
    strokes = [log.strokes[place] for place in places]
    return Effort(len(places), float(np.median(seconds)), float(np.mean(strokes)))
