"""What the experiment says: paired differences to scratch, and how much sooner a model is good."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.active_learning.simulation.summary import mean_sd, paired_difference
from napari_salient.finetuning.comparison.arms import SCRATCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_salient.finetuning.comparison.training import Outcome

PLATEAU_SHARE = 0.95
"""Share of scratch's best Dice whose first reaching is counted in steps."""


def summarise(
    outcomes: Sequence[Outcome], atlas: Mapping[float, Sequence[float]]
) -> list[dict[str, Any]]:
    """Return a row for each share of labels, with each arm's figures.

    Differences are taken seed by seed; their 95 % interval comes from bootstrapping the seeds. With
    five seeds differences of 1 to 2 Dice points can show.

    Parameters
    ----------
    outcomes
        All trainings.
    atlas
        For each share, the Dice of the no-learning atlas of the labelled volumes of each seed.
    """
    rows = []
    for fraction in sorted({outcome.fraction for outcome in outcomes}):
        here = [outcome for outcome in outcomes if outcome.fraction == fraction]
        arms = {name: _arm(name, here) for name in dict.fromkeys(o.arm for o in here)}
        rows.append(
            {
                "fraction": fraction,
                "volumes": here[0].volumes,
                "atlas_dice": mean_sd(atlas[fraction]),
                "arms": arms,
            }
        )
    return rows


def steps_to(curve: Sequence[tuple[int, float]], goal: float) -> float:
    """Return the step at which a curve first reaches a Dice, between two points in proportion.

    The curve begins at 0; NaN if it stays below the goal, or the goal is 0 as nothing was learned.
    """
    step, dice = 0.0, 0.0
    for next_step, next_dice in curve:
        if next_dice >= goal > 0:
            return step + (next_step - step) * (goal - dice) / (next_dice - dice)
        step, dice = next_step, next_dice
    return math.nan


def _arm(name: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    own, scratch = (_by_seed(outcomes, arm) for arm in (name, SCRATCH))
    seeds = sorted(set(own) & set(scratch))
    goals = {seed: PLATEAU_SHARE * max(d for _, d in scratch[seed].curve) for seed in seeds}
    steps = {seed: steps_to(own[seed].curve, goals[seed]) for seed in seeds}
    row: dict[str, Any] = {
        "dice": mean_sd([own[seed].dice for seed in seeds]),
        "foreground_dice": mean_sd([own[seed].foreground_dice for seed in seeds]),
        "trainings_with_a_dead_class": sum(bool(own[seed].dead_classes) for seed in seeds),
        "cpu_seconds": mean_sd([own[seed].cpu_seconds for seed in seeds]),
        "steps_to_plateau": _steps(list(steps.values())),
    }
    if name != SCRATCH:
        dice = [{seed: arm[seed].dice for seed in seeds} for arm in (own, scratch)]
        row["difference_to_scratch"] = paired_difference(*dice)
        base = {seed: steps_to(scratch[seed].curve, goals[seed]) for seed in seeds}
        row["steps_saved"] = _saved(steps, base)
    return row


def _steps(steps: Sequence[float]) -> dict[str, Any]:
    reached = [number for number in steps if not math.isnan(number)]
    mean = float(np.mean(reached)) if reached else None
    return {"mean": mean, "reached": len(reached), "of": len(steps)}


def _saved(steps: Mapping[int, float], base: Mapping[int, float]) -> dict[str, Any] | None:
    """Return the share of scratch's steps that is saved, where the goal is reached at all."""
    reached = [seed for seed in steps if not math.isnan(steps[seed])]
    if not reached:
        return None
    shares = {seed: 1 - steps[seed] / base[seed] for seed in reached}
    return {**paired_difference(shares, dict.fromkeys(reached, 0.0)), "of": len(steps)}


def _by_seed(outcomes: Sequence[Outcome], arm: str) -> dict[int, Outcome]:
    return {outcome.seed: outcome for outcome in outcomes if outcome.arm == arm}
