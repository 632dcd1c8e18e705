"""What the signals advise: go on, stop, or too early to say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_salient.active_learning.stopping.curve import FEWEST_POINTS, Forecast, forecast
from napari_salient.active_learning.stopping.signals import (
    FEWEST_AUDIT_SLICES,
    NO_AGREEMENT,
    STABLE,
    Agreement,
    is_stable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

WORTHWHILE = 0.005
"""Gain in Dice that makes another batch worth labelling."""

ADVICE_PROVEN = False
"""Whether the verdict is shown beside its signals.

It is once ``benchmarks/stop_advice.py`` finds, on simulated rounds that start from the last weights
as the tool's do, that heeding it loses at most one Dice point and saves at least a quarter of the
slices on at least 80 % of the runs. On the hippocampus it does not, see docs/benchmarks.md.
"""

Verdict = Literal["too early", "go on", "stop"]
Basis = Literal["validation", "audit"]
"""What the learning curve is measured on: held-out volumes, or slices drawn at random."""


@dataclass(frozen=True)
class StopAdvice:
    """Advice on whether to label another batch, and the numbers behind it.

    Parameters
    ----------
    verdict
        In short; never more than advice.
    sentence
        In words, with the numbers.
    warning
        What the advice rests on too little of, in a sentence; `None` where it rests on enough.
    forecast
        Of the learning curve; `None` as long as it is too early.
    stabilities
        Dice between consecutive rounds' predictions, the newest at the end.
    stable
        Whether the model has been steady for two rounds.
    minutes
        Work in the next batch; `None` where no time was logged.
    audit, chosen
        Agreement on slices picked at random, and on those the strategy chose.
    basis
        What the learning curve is measured on.
    lead
        Whether the strategy finds harder slices than chance, in words with the numbers.
    """

    verdict: Verdict
    sentence: str
    warning: str | None
    forecast: Forecast | None
    stabilities: tuple[float, ...]
    stable: bool
    minutes: float | None
    audit: Agreement
    chosen: Agreement
    basis: Basis = "validation"
    lead: str = ""


def advise(
    slices: Sequence[int],
    dice: Sequence[float],
    batch: int,
    rng: Generator,
    *,
    stabilities: Sequence[float] = (),
    seconds: Sequence[float] = (),
    audit: Agreement = NO_AGREEMENT,
    chosen: Agreement = NO_AGREEMENT,
    basis: Basis = "validation",
    lead: str = "",
) -> StopAdvice:
    """Advise stopping once a batch promises little, surely little, and the model is steady.

    That is: the predicted gain is below `WORTHWHILE`, the upper end of its interval below twice
    that, and `is_stable` holds.

    Parameters
    ----------
    slices, dice
        The learning curve on held-out or audit slices: labelled slices and Dice of each round.
    batch
        Slices of the next batch.
    rng
        Draws the forecast's resamples.
    stabilities
        Dice between consecutive rounds' predictions on the probe, the newest at the end.
    seconds
        Working time of each labelled slice so far; the median counts.
    audit, chosen
        From `prequential_agreement`.
    basis, lead
        Passed on.
    """
    minutes = batch * float(np.median(seconds)) / 60 if len(seconds) else None
    stable = is_stable(stabilities)
    found = forecast(slices, dice, batch, rng)
    rounds = len({n for n, value in zip(slices, dice, strict=True) if math.isfinite(value)})
    verdict, sentence = _verdict(found, rounds, minutes, stable, tuple(stabilities))
    return StopAdvice(
        verdict,
        sentence,
        _warning(audit),
        found,
        tuple(stabilities),
        stable,
        minutes,
        audit,
        chosen,
        basis,
        lead,
    )


def _verdict(
    found: Forecast | None,
    rounds: int,
    minutes: float | None,
    stable: bool,
    stabilities: tuple[float, ...],
) -> tuple[Verdict, str]:
    if found is None:
        return "too early", (
            f"Too early to say: a forecast needs {FEWEST_POINTS} measured rounds with different "
            f"numbers of labelled slices, and there are {rounds}."
        )
    promise = _promise(found, minutes)
    if found.gain >= WORTHWHILE:
        return "go on", f"Labelling on should pay: {promise}."
    if found.high >= 2 * WORTHWHILE:
        return "go on", f"Label another batch to be sure: {promise}, but it may be much more."
    if not stable:
        return "go on", f"Label another batch to be sure: {promise}, but {_unrest(stabilities)}."
    rest = " and ".join(f"{value:.3f}" for value in stabilities[-2:])
    return "stop", (
        f"You may stop here: {promise}, and the predictions have hardly changed for two rounds "
        f"(Dice {rest} from one to the next)."
    )


def _promise(found: Forecast, minutes: float | None) -> str:
    gain, low, high = (100 * value for value in (found.gain, found.low, found.high))
    work = "" if minutes is None else f" for {in_minutes(minutes)} of work"
    return (
        f"the next {found.batch} slices are expected to bring {gain:.1f} Dice points "
        f"({low:.1f} to {high:.1f}){work}"
    )


def in_minutes(minutes: float) -> str:
    """Return a time in words, to the minute."""
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes:.0f} minute{'s' if round(minutes) > 1 else ''}"


def _unrest(stabilities: tuple[float, ...]) -> str:
    if len(stabilities) < 2:
        return "the predictions of too few rounds can be compared yet"
    rest = " and ".join(f"{value:.3f}" for value in stabilities[-2:])
    return (
        f"the predictions still change from round to round (Dice {rest} from one to the next, "
        f"steady from {STABLE})"
    )


def _warning(audit: Agreement) -> str | None:
    if audit.slices >= FEWEST_AUDIT_SLICES:
        return None
    return (
        f"Not enough audit slices ({audit.slices} of {FEWEST_AUDIT_SLICES}) show how the model "
        "does on slices that nobody chose."
    )
