"""What the panel says about whether it is worth going on: each signal with its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.active_learning.stopping import FEWEST_AUDIT_SLICES, STABLE, in_minutes

if TYPE_CHECKING:
    from napari_salient.active_learning.stopping import Agreement, StopAdvice

WITHHELD = (
    "No advice is given: that it loses little to heed it has not been shown yet. Judge by the "
    "numbers."
)
VERDICTS = {
    "too early": "It is too early for advice.",
    "go on": "Better label another batch: it may still bring a gain, or the model still changes.",
    "stop": "You may stop here: the next batch promises little, and the model is steady.",
}
"""The advice in short; its numbers are those of the signals."""
WENT_ON = "You went on; the advice comes back after the next round."
BASES = {"validation": "validation volumes", "audit": "audit slices"}


def gain_text(advice: StopAdvice) -> str:
    """Return what the next batch promises and costs; why it is too early to say."""
    found = advice.forecast
    if found is None:
        return advice.sentence
    gain, low, high = (100 * value for value in (found.gain, found.low, found.high))
    work = "" if advice.minutes is None else f", {in_minutes(advice.minutes)} of your work"
    return (
        f"{gain:+.1f} Dice points ({low:.1f} to {high:.1f}) on {BASES[advice.basis]} for "
        f"{found.batch} slices{work}"
    )


def agreement_text(advice: StopAdvice) -> str:
    """Return how much of the pre-annotations is left, on audit and on chosen slices."""
    audit, chosen = advice.audit, advice.chosen
    if not audit.slices + chosen.slices:
        return "No pre-annotated slice is accepted yet."
    few = f" of {FEWEST_AUDIT_SLICES} needed" if audit.slices < FEWEST_AUDIT_SLICES else ""
    return f"audit slices {_side(audit, few)}, chosen ones {_side(chosen)}"


def steadiness_text(advice: StopAdvice) -> str:
    """Return how far the last two models agreed with the ones before them."""
    if not advice.stabilities:
        return "Known after the second round."
    last = ", then ".join(f"{value:.3f}" for value in advice.stabilities[-2:])
    steady = "steady" if advice.stable else f"steady once it is {STABLE} twice"
    return f"Dice {last} from round to round: {steady}"


def verdict_text(advice: StopAdvice, *, proven: bool) -> str:
    """Return the advice and what it rests on too little of, or why none is given."""
    if not proven:
        return WITHHELD
    return f"{VERDICTS[advice.verdict]} {advice.warning or ''}".rstrip()


def finished_text(accepted: int) -> str:
    """Return what holds once the annotator has finished."""
    return (
        f"You finished here, with {accepted} slices accepted: nothing more is proposed, and no "
        "training starts by itself."
    )


def _side(side: Agreement, few: str = "") -> str:
    dice = "–" if side.dice is None else f"{side.dice:.2f}"
    return f"{dice} ({side.slices}{few})"
