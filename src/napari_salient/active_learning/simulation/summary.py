"""What the experiment says: areas under the curves and paired differences to random."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from napari_salient.active_learning.simulation.records import Record

BASELINES = ("random", "random_foreground")
"""Drawing at random from the whole pool, and from where the organ is."""
RESAMPLES = 10_000


def summarise(records: Sequence[Record]) -> dict[str, Any]:
    """Return each strategy's mean area under the curve and its paired differences to `BASELINES`.

    Areas are in Dice: the mean height of the curve over the labelled slices. Differences are taken
    seed by seed; their 95 % interval comes from bootstrapping the seeds. With three seeds only
    large differences can show.
    """
    areas = areas_under_curves((r.strategy, r.seed, r.labelled_slices, r.dice) for r in records)
    rows = {name: _row(name, areas) for name in areas}
    for name, row in rows.items():
        mine = [r for r in records if r.strategy == name]
        last = max(r.round for r in mine)
        final = [r.dice for r in mine if r.round == last]
        row["final_dice"] = mean_sd(final)
        row["runs_with_a_dead_class"] = sum(bool(r.dead_classes) for r in mine)
    return {"strategies": rows, "seeds": len({r.seed for r in records})}


def areas_under_curves(
    points: Iterable[tuple[str, int, int, float]],
) -> dict[str, dict[int, float]]:
    """Return the area by strategy and seed of points (strategy, seed, labelled slices, Dice)."""
    curves: dict[tuple[str, int], list[tuple[int, float]]] = defaultdict(list)
    for strategy, seed, labelled, dice in points:
        curves[strategy, seed].append((labelled, dice))
    areas: dict[str, dict[int, float]] = defaultdict(dict)
    for (strategy, seed), curve in sorted(curves.items()):
        slices, dice_there = zip(*sorted(curve), strict=True)
        areas[strategy][seed] = area_under_curve(np.array(slices), np.array(dice_there))
    return dict(areas)


def area_under_curve(slices: NDArray[np.int64], dice: NDArray[np.float64]) -> float:
    """Return the mean height of a curve: its trapezoid area over the range of slices.

    Where the pool had no more slices to give after the first round, it is the mean of the rounds.
    """
    if slices[0] == slices[-1]:
        return float(dice.mean())
    return float(np.trapezoid(dice, slices) / (slices[-1] - slices[0]))


def bootstrap_interval(
    values: NDArray[np.float64], rng: np.random.Generator
) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean of `values` over resamples of them."""
    means = rng.choice(values, size=(RESAMPLES, len(values))).mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def mean_sd(values: Sequence[float]) -> dict[str, float]:
    """Return the mean and the sample's standard deviation, 0 of a single value."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return {"mean": float(np.mean(values)), "sd": sd}


def paired_difference(by_seed: dict[int, float], baseline: dict[int, float]) -> dict[str, Any]:
    """Return the mean difference over the seeds, its 95 % interval, and how often it is which."""
    differences = np.array([by_seed[seed] - baseline[seed] for seed in sorted(by_seed)])
    low, high = bootstrap_interval(differences, np.random.default_rng(0))
    return {
        "mean": float(differences.mean()),
        "interval_95": [low, high],
        "wins": int((differences > 0).sum()),
        "losses": int((differences < 0).sum()),
    }


def _row(name: str, areas: dict[str, dict[int, float]]) -> dict[str, Any]:
    row: dict[str, Any] = {"area": mean_sd(list(areas[name].values()))}
    for baseline in BASELINES:
        if baseline in areas and baseline != name:
            row[f"difference_to_{baseline}"] = paired_difference(areas[name], areas[baseline])
    return row
