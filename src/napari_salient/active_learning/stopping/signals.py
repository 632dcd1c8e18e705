"""Agreement of the annotator with the model, and of the model with itself a round before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.progress import agreement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import PoolState

STABLE = 0.98
"""Dice between the predictions of consecutive rounds from which the model counts as steady."""

STABLE_ROUNDS = 2
PROBE_SLICES = 64

FEWEST_AUDIT_SLICES = 10
"""With fewer, nothing is said about slices that nobody chose."""


@dataclass(frozen=True)
class Agreement:
    """Mean Dice between the pre-annotations shown and the labels accepted, over so many slices.

    `dice` is `None` where there is no slice.
    """

    dice: float | None
    slices: int


NO_AGREEMENT = Agreement(None, 0)


def prequential_agreement(
    dice: Sequence[float], audit: Sequence[bool]
) -> tuple[Agreement, Agreement]:
    """Return the agreement on audit slices, and on those that the strategy chose.

    Audit slices are picked at random, so theirs is what to expect of a slice of the pool; the
    others were chosen for being hard and look worse than the pool.

    Parameters
    ----------
    dice
        Agreement on each accepted slice, measured before the model learned from it.
    audit
        Whether the slice was an audit slice.
    """
    values, random = np.asarray(dice, dtype=np.float64), np.asarray(audit, dtype=bool)
    return _mean(values[random]), _mean(values[~random])


def draw_probe(state: PoolState, rng: Generator) -> list[tuple[int, int]]:
    """Draw the open slices (case, index) on which `stability` is followed; draw them once."""
    chosen = rng.permutation(state.open)[:PROBE_SLICES]
    return sorted(zip(state.case_id[chosen].tolist(), state.index[chosen].tolist(), strict=True))


def stability(
    before: Sequence[NDArray[np.uint8]], after: Sequence[NDArray[np.uint8]], values: Sequence[int]
) -> float:
    """Return the mean Dice over classes between two rounds' predictions on the probe.

    Parameters
    ----------
    before, after
        Predicted label values of the probe's slices, in the same order.
    values
        Label values of the classes, without the background.
    """
    flat = [np.concatenate([slice_.ravel() for slice_ in slices]) for slices in (before, after)]
    return agreement(flat[0], flat[1], values)


def is_stable(stabilities: Sequence[float]) -> bool:
    """Whether the last two rounds, the newest at the end, each changed little."""
    last = list(stabilities)[-STABLE_ROUNDS:]
    return len(last) == STABLE_ROUNDS and min(last) >= STABLE


def _mean(dice: NDArray[np.float64]) -> Agreement:
    return Agreement(float(dice.mean()) if len(dice) else None, len(dice))
