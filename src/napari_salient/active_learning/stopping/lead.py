"""Whether the slices that a strategy chose are harder for the model than slices drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from napari_salient.active_learning.stopping.signals import (
    FEWEST_AUDIT_SLICES,
    Agreement,
    prequential_agreement,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Comparison:
    """Agreement on audit and on chosen slices, and the 95 % interval of chosen minus audit.

    `interval` is `None` where either side has fewer than `FEWEST_AUDIT_SLICES`.
    """

    audit: Agreement
    chosen: Agreement
    interval: tuple[float, float] | None


def compare(dice: Sequence[float], audit: Sequence[bool]) -> Comparison:
    """Compare the agreement on chosen slices with that on audit slices (Welch's interval).

    Parameters
    ----------
    dice
        Agreement on each accepted slice, measured before the model learned from it.
    audit
        Whether the slice was an audit slice.
    """
    values, random = np.asarray(dice, dtype=np.float64), np.asarray(audit, dtype=bool)
    sides = prequential_agreement(dice, audit)
    enough = min(side.slices for side in sides) >= FEWEST_AUDIT_SLICES
    return Comparison(*sides, _welch(values[~random], values[random]) if enough else None)


def lead_sentence(anywhere: Comparison, shown: Comparison) -> str:
    """Return what may be said of the strategy, with the numbers.

    Parameters
    ----------
    anywhere
        Over all slices.
    shown
        Over those that show a class, as drawing at random where the model sees something would
        give: a strategy that only leaves out empty slices has no lead there.
    """
    if anywhere.interval is None:
        return f"Whether the strategy finds harder slices cannot be told: {_too_few(anywhere)}."
    low, high = anywhere.interval
    numbers = _numbers(anywhere)
    if low <= 0 <= high:
        return f"No difference shows between the strategy's slices and audit ones {numbers}."
    if low > 0:
        return (
            f"The strategy's slices agree more than audit ones {numbers}: it finds easier slices."
        )
    found = f"The strategy's slices agree less than audit ones {numbers}: it finds harder slices."
    return f"{found} {_among_shown(shown)}"


def _among_shown(shown: Comparison) -> str:
    if shown.interval is None:
        return (
            "Whether it does more than leave out empty slices cannot be told: of those that show a "
            f"class there are {_too_few(shown)}."
        )
    if shown.interval[1] < 0:
        return f"So it does among those that show a class {_numbers(shown)}."
    return (
        f"Among those that show a class no such difference shows {_numbers(shown)}: it may only "
        "leave out empty ones."
    )


def _numbers(found: Comparison) -> str:
    assert found.interval is not None
    low, high = found.interval
    return (
        f"({found.chosen.dice:.2f} against {found.audit.dice:.2f}, difference {low:+.2f} to "
        f"{high:+.2f})"
    )


def _too_few(found: Comparison) -> str:
    kind, side = (
        ("audit", found.audit)
        if found.audit.slices < FEWEST_AUDIT_SLICES
        else ("chosen", found.chosen)
    )
    return f"not enough {kind} slices ({side.slices} of {FEWEST_AUDIT_SLICES})"


def _welch(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two means of unequal variances."""
    parts = np.array([side.var(ddof=1) / len(side) for side in (one, other)])
    difference, error = one.mean() - other.mean(), np.sqrt(parts.sum())
    if error == 0:
        return float(difference), float(difference)
    shares = parts / parts.sum()
    freedom = 1 / (shares**2 / [len(one) - 1, len(other) - 1]).sum()
    reach = stdtrit(freedom, 0.975) * error
    return float(difference - reach), float(difference + reach)
