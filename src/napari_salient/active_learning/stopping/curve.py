"""The learning curve, and what it promises for the next batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

FEWEST_POINTS = 4
"""One more than the curve has parameters: with fewer nothing says how far off the fit is."""

DECAYS = np.geomspace(0.05, 3, 60)
"""Exponents that are tried: from almost logarithmic to gone within a batch."""

RESAMPLES = 1000


@dataclass(frozen=True)
class Forecast:
    """The curve ``Dice(n) = plateau - scale * (n / slices) ** -decay`` and the next batch's gain.

    Parameters
    ----------
    plateau, scale, decay
        `plateau` is at most 1, `scale` at least 0: a falling curve is taken for a flat one.
    slices
        Labelled slices at the last point.
    batch
        Slices of the next batch.
    gain
        Predicted rise of the Dice over the next batch, 0.01 being a Dice point.
    low, high
        Its 95 % interval, from resampled residuals: of what the curve gains. One training more
        scatters about the curve by as much again as those before it.
    """

    plateau: float
    scale: float
    decay: float
    slices: int
    batch: int
    gain: float
    low: float
    high: float

    def dice(self, slices: float) -> float:
        """Return the curve's Dice with so many labelled slices."""
        return self.plateau - self.scale * float((slices / self.slices) ** -self.decay)


def forecast(
    slices: Sequence[int], dice: Sequence[float], batch: int, rng: Generator
) -> Forecast | None:
    """Fit the inverse power law of learning curves and look one batch ahead.

    Parameters
    ----------
    slices, dice
        Labelled slices, at least one, and the Dice reached with them on held-out or audit slices,
        a pair for each round; rounds without a Dice (NaN) are left out.
    batch
        Slices of the next batch.
    rng
        Draws the residuals.

    Returns
    -------
    Forecast or None
        `None` where there are too few different numbers of slices to identify the curve.
    """
    n, y = np.asarray(slices, dtype=np.float64), np.asarray(dice, dtype=np.float64)
    n, y = n[np.isfinite(y)], y[np.isfinite(y)]
    if len(np.unique(n)) < FEWEST_POINTS:
        return None
    last = n.max()
    curve = _fit(n / last, y[None])
    fitted = _curve(curve, n / last)
    residuals = (y - fitted[0]) * _widening(len(n))
    residuals -= residuals.mean()
    resampled = _fit(n / last, fitted + rng.choice(residuals, (RESAMPLES, len(n))))
    ahead = np.array([1.0, (last + batch) / last])
    low, high = np.percentile(np.diff(_curve(resampled, ahead)), [2.5, 97.5])
    plateau, scale, decay = curve[0].tolist()
    gain = float(np.diff(_curve(curve, ahead))[0, 0])
    return Forecast(plateau, scale, decay, int(last), batch, gain, float(low), float(high))


def _widening(points: int) -> float:
    """Return what residuals of a fit with three parameters fall short of the noise, and of knowing.

    The first factor makes up for the freedom that the fit used, the second is Student's: how far
    a spread that was guessed from so few points may be off.
    """
    freedom = points - 3
    student = float(stdtrit(freedom, 0.975) / ndtri(0.975))
    return student * math.sqrt(points / freedom)


def _fit(n: NDArray[np.float64], dice: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return plateau, scale and decay of each row of `dice` (row, point) by least squares.

    For a given decay the curve is a straight line in ``n ** -decay``, whose best bounded fit is
    known; so the best of all decays is found without a starting value to depend on. Squared errors
    are compared without the sum of squared Dice, which is common to all decays.
    """
    x = n[None] ** -DECAYS[:, None]
    centred = x - x.mean(1, keepdims=True)
    slope = -(dice @ centred.T) / (centred**2).sum(1)
    scale = np.maximum(slope, 0)
    plateau = dice.mean(1, keepdims=True) + scale * x.mean(1)
    capped = plateau > 1
    scale = np.where(capped, np.maximum((1 - dice) @ x.T, 0) / (x**2).sum(1), scale)
    plateau = np.where(capped, 1, plateau)
    error = plateau * (len(n) * plateau - 2 * (scale * x.sum(1) + dice.sum(1, keepdims=True)))
    error += scale * (scale * (x**2).sum(1) + 2 * dice @ x.T)
    best = error.argmin(1)
    row = np.arange(len(dice))
    return np.stack([plateau[row, best], scale[row, best], DECAYS[best]], axis=1)


def _curve(curves: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Dice of each curve at each `n`, shape (curve, n)."""
    plateau, scale, decay = curves.T[..., None]
    values: NDArray[np.float64] = plateau - scale * n**-decay
    return values
