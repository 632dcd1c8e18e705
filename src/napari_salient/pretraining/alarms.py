"""What an evaluation of a pretraining says that its curves do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

COLLAPSED = 0.01
"""Spread of the features below which views all look alike; on real ones it is 0.1 to 0.2."""

LEAKED = 0.1
"""Accuracy above chance, without any anatomy, above which something else gives the answer away."""

LEAKED_SHARE = 1 / 3
"""And its share of the accuracy above chance that anatomy gives."""

LUCK = 0.001
"""How often, at most, luck alone may look like an answer that is given away."""


def alarms(metrics: Mapping[str, float], answers: int) -> list[str]:
    """Return in sentences what is wrong with a pretraining; empty if nothing is.

    Parameters
    ----------
    metrics
        What `PretrainingTask.metrics` returns, or the same from an `Evaluated` event.
    answers
        How many each accuracy counts, which is `PretrainingTask.answers`.
    """
    found = []
    if metrics.get("feature_sd", 1.0) < COLLAPSED:
        found.append(
            f"The features have collapsed (spread {metrics['feature_sd']:.3f}): the encoder gives "
            "almost the same for every view. Lower the learning rate or choose another task."
        )
    if "accuracy_without_anatomy" in metrics:
        gain = metrics["accuracy"] - metrics["chance"]
        right, chance = metrics["accuracy_without_anatomy"], metrics["chance"]
        leak = right - chance
        if leak > max(LEAKED, LEAKED_SHARE * gain) and luck(right, chance, answers) < LUCK:
            found.append(
                f"{right:.0%} of {answers:,} answers are right where noise replaces the anatomy, "
                f"and by chance it would be {chance:.0%}: the network goes by padding or borders "
                "of the volumes. Crop them."
            )
    return found


def luck(right: float, chance: float, answers: int) -> float:
    """Return how probable it is that guessing gives such a share of right answers, or a larger."""
    from scipy.stats import binom

    return float(binom.sf(round(right * answers) - 1, answers, chance))
