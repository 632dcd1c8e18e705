"""What a pretraining said so far, in the form of its curves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, get_args

from napari_salient.engine.events import Evaluated, MemoryForecast, Started, Step, Warned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_salient.engine.events import Event

    Line = tuple[list[float], list[float]]

Quantity = Literal["loss", "accuracy"]

POINTS = 100
"""Points of a smoothed curve over a whole run."""

STEPS_A_POINT = 10
"""Fewest steps behind a point, where there are as many."""


class History:
    """Fed with events in a worker thread while the window reads it.

    Values are only ever replaced, and read through copies, so no lock is needed.

    Attributes
    ----------
    total
        Steps of the whole run; 0 until it is known.
    chance
        The accuracy of guessing, once it is known.
    memory
        What it needs and what there is, in a sentence; empty until that is known.
    """

    def __init__(self) -> None:
        self.total = 0
        self.chance: float | None = None
        self.memory = ""
        self._a_point = 1
        self._points: dict[int, tuple[int, float, float]] = {}
        self._evaluations: dict[int, Mapping[str, float]] = {}
        self._notes: dict[str, str] = {}
        self._step = 0
        self._started = False

    def add(self, event: Event) -> None:
        """Take in the next event of the run."""
        match event:
            case Started(total=total, step=step):
                self._begin(total, step)
            case Step():
                self._count(event)
            case Evaluated(step=step, metrics=metrics):
                self._evaluations[step] = metrics
                self.chance = metrics.get("chance", self.chance)
            case MemoryForecast():
                self.memory = f"It {event.sentence}."
            case Warned(message=message):
                place = f"After step {self._step:,}: " if self._started else ""
                self._notes[re.sub(r"[\d.,]+", "", message)] = place + message

    @property
    def notes(self) -> list[str]:
        """What was warned of, the same warning but once, as it was worded last."""
        return list(self._notes.values())

    @property
    def measured(self) -> Mapping[str, float]:
        """What was measured last on the held-out volumes; empty before."""
        return list(self._evaluations.values())[-1] if self._evaluations else {}

    @property
    def reached(self) -> float | None:
        """The last point of the accuracy in training."""
        _, accuracies = self.training("accuracy")
        return accuracies[-1] if accuracies else None

    def training(self, name: Quantity) -> Line:
        """Return steps and values in training, each the mean over many steps."""
        points = sorted(self._points.items())
        place = get_args(Quantity).index(name) + 1
        steps = [number * self._a_point + (sums[0] + 1) / 2 for number, sums in points]
        return steps, [sums[place] / sums[0] for _, sums in points]

    def held_out(self, name: Quantity) -> Line:
        """Return steps and values on the held-out volumes."""
        found = [(step, m[name]) for step, m in sorted(self._evaluations.items()) if name in m]
        return [float(step) for step, _ in found], [value for _, value in found]

    def _begin(self, total: int, step: int) -> None:
        """Forget what was done beyond the checkpoint that the run goes on from."""
        self.total, self._step, self._started = total, step, True
        self._a_point = max(total // POINTS, min(STEPS_A_POINT, total // 10), 1)
        self._points = {n: p for n, p in self._points.items() if (n + 1) * self._a_point <= step}
        self._evaluations = {s: m for s, m in self._evaluations.items() if s <= step}

    def _count(self, event: Step) -> None:
        self._step = event.step
        self.chance = event.metrics.get("chance", self.chance)
        number = (event.step - 1) // self._a_point
        count, loss, accuracy = self._points.get(number, (0, 0.0, 0.0))
        accuracy += event.metrics.get("accuracy", float("nan"))
        self._points[number] = count + 1, loss + event.loss, accuracy
