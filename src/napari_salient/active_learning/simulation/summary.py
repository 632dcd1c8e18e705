"""What the experiment says: areas under the curves and paired differences to random."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_salient.active_learning.simulation.records import Record

BASELINE = "random"
RESAMPLES = 10_000


def summarise(records: Sequence[Record]) -> dict[str, Any]:
    """Return, for each strategy, its mean area under the curve and the paired difference to random.

    Areas are in Dice: the mean height of the curve over the labelled slices. Differences are taken
    seed by seed; their 95 % interval comes from bootstrapping the seeds. With three seeds only
    large differences can show.
    """
    areas: dict[str, dict[int, float]] = defaultdict(dict)
    for strategy, seed in sorted({(r.strategy, r.seed) for r in records}):
        curve = sorted(
            (r for r in records if (r.strategy, r.seed) == (strategy, seed)), key=lambda r: r.round
        )
        areas[strategy][seed] = area_under_curve(
            np.array([r.labelled_slices for r in curve]), np.array([r.dice for r in curve])
        )
    rows = {name: _row(by_seed, areas.get(BASELINE)) for name, by_seed in areas.items()}
    for name, row in rows.items():
        mine = [r for r in records if r.strategy == name]
        last = max(r.round for r in mine)
        final = [r.dice for r in mine if r.round == last]
        row["final_dice"] = {"mean": float(np.mean(final)), "sd": _sd(final)}
        row["runs_with_a_dead_class"] = sum(bool(r.dead_classes) for r in mine)
    return {"strategies": rows, "seeds": len({r.seed for r in records})}


def area_under_curve(slices: NDArray[np.int64], dice: NDArray[np.float64]) -> float:
    """Return the mean height of a curve: its trapezoid area over the range of slices."""
    if len(slices) == 1:
        return float(dice[0])
    return float(np.trapezoid(dice, slices) / (slices[-1] - slices[0]))


def bootstrap_interval(
    values: NDArray[np.float64], rng: np.random.Generator
) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean of `values` over resamples of them."""
    means = rng.choice(values, size=(RESAMPLES, len(values))).mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _row(by_seed: dict[int, float], baseline: dict[int, float] | None) -> dict[str, Any]:
    areas = list(by_seed.values())
    row: dict[str, Any] = {"area": {"mean": float(np.mean(areas)), "sd": _sd(areas)}}
    if baseline is not None and baseline is not by_seed:
        differences = np.array([by_seed[seed] - baseline[seed] for seed in sorted(by_seed)])
        low, high = bootstrap_interval(differences, np.random.default_rng(0))
        row["difference_to_random"] = {
            "mean": float(differences.mean()),
            "interval_95": [low, high],
            "wins": int((differences > 0).sum()),
            "losses": int((differences < 0).sum()),
        }
    return row


def _sd(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
