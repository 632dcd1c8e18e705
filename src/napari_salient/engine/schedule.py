"""The learning rate over a run, as a pure function of the step."""

from __future__ import annotations

import math

RISE = 0.3
"""Part of the run in which the rate rises."""
START = 1 / 25
"""First factor."""
END = START / 1e4
"""Last factor."""


def rate_factor(schedule: str, step: int, total: int) -> float:
    """Return what the peak rate is multiplied by at step `step` of `total` (from 0)."""
    return one_cycle(step, total) if schedule == "one_cycle" else 1.0


def one_cycle(step: int, total: int) -> float:
    """Return the factor of one cycle up and down with cosine flanks.

    L. Smith and N. Topin, Super-Convergence, 2019, with the proportions of torch's `OneCycleLR`.
    The momentum is left alone.
    """
    peak, last = RISE * total - 1, total - 1
    if step <= peak:
        return _cosine(START, 1.0, step / peak)
    return _cosine(1.0, END, (step - peak) / max(last - peak, 1))


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
