"""What was measured about each strategy, and what may therefore be said of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FILE_NAME = "measured.yaml"
BASELINE = "random"
FEWEST_SEEDS, FEWEST_PLANES = 5, 2
"""On how many seeds, and planes of the same data, a lead over random must show to be claimed."""


@dataclass(frozen=True)
class Measured:
    """The paired difference in the area under the Dice curve between a strategy and a baseline.

    Parameters
    ----------
    strategy, against
        The strategy and the baseline, ``random`` or ``random_foreground``.
    data, plane
        What it was measured on.
    seeds
        Pairs of runs.
    slices
        Labelled slices at the two ends of the curve.
    mean, low, high
        The difference and its 95 % interval in Dice, 0.01 being a Dice point.
    """

    strategy: str
    against: str
    data: str
    plane: str
    seeds: int
    slices: tuple[int, int]
    mean: float
    low: float
    high: float

    @property
    def shows_a_lead(self) -> bool:
        """Whether the strategy is ahead beyond chance, here."""
        return self.low > 0 and self.seeds >= FEWEST_SEEDS

    def __str__(self) -> str:
        mean, low, high = (100 * value for value in (self.mean, self.low, self.high))
        return f"{mean:+.2f} ({low:+.2f} to {high:+.2f}) on {self.data}, {self.plane}"


def claim(strategy: str, table: Sequence[Measured] | None = None) -> str:
    """Return in a sentence or two whether a strategy was shown to be better than random.

    It counts as better where the interval is above 0 on at least `FEWEST_PLANES` planes of the same
    data, with at least `FEWEST_SEEDS` seeds each, and below 0 nowhere.
    """
    rows = _rows(strategy, BASELINE, table)
    if strategy == BASELINE:
        return "What the others are measured against."
    if not rows:
        return "Not measured against random."
    verdict = "Better than random" if is_better(strategy, table) else "Not shown better than random"
    alone = any(row.shows_a_lead for row in rows) and not is_better(strategy, table)
    why = " (that takes two planes of the same data)" if alone else ""
    return f"{verdict}{why}, in Dice points: {'; '.join(map(str, rows))}. {_seeds(rows)}"


def is_better(strategy: str, table: Sequence[Measured] | None = None) -> bool:
    """Tell whether a strategy may be called better than random."""
    planes: dict[str, set[str]] = defaultdict(set)
    rows = _rows(strategy, BASELINE, table)
    for row in rows:
        if row.shows_a_lead:
            planes[row.data].add(row.plane)
    enough = any(len(seen) >= FEWEST_PLANES for seen in planes.values())
    return enough and all(row.high >= 0 for row in rows)


def details(strategy: str, table: Sequence[Measured] | None = None) -> str:
    """Return every measurement of a strategy, a line each."""
    known = measured() if table is None else table
    return "\n".join(
        f"against {row.against}: {row}, {row.slices[0]} to {row.slices[1]} slices, "
        f"{row.seeds} seeds"
        for row in known
        if row.strategy == strategy
    )


@cache
def measured() -> tuple[Measured, ...]:
    """Return the table that is part of the package."""
    return tuple(read(yaml.safe_load(files(__package__).joinpath(FILE_NAME).read_text("utf-8"))))


def read(rows: Iterable[dict[str, Any]] | None) -> list[Measured]:
    """Return the rows of a table as YAML has them."""
    return [Measured(**{**row, "slices": tuple(row["slices"])}) for row in rows or ()]


def _rows(strategy: str, against: str, table: Sequence[Measured] | None) -> list[Measured]:
    known = measured() if table is None else table
    return [row for row in known if (row.strategy, row.against) == (strategy, against)]


def _seeds(rows: Sequence[Measured]) -> str:
    counts = sorted({row.seeds for row in rows})
    return f"{' to '.join(str(count) for count in (counts[0], counts[-1])[: len(counts)])} seeds."
