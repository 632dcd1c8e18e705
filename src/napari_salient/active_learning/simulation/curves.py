"""The picture of the learning curves."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000", "#999999")
"""Okabe and Ito's palette, which colour-blind readers can tell apart."""


def draw_curves(result: dict[str, Any], path: Path) -> None:
    """Draw Dice against labelled slices: mean and range over seeds, and the atlas line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for colour, (name, curve) in zip(COLOURS * 4, _curves(result).items(), strict=False):
        slices = sorted(curve)
        dice = [curve[n] for n in slices]
        axes.plot(slices, [np.mean(d) for d in dice], "o-", color=colour, label=name)
        axes.fill_between(
            slices, [min(d) for d in dice], [max(d) for d in dice], color=colour, alpha=0.15
        )
    atlas = result["summary"]["atlas_dice"]
    axes.axhline(atlas, color="0.4", linestyle="--", label=f"no-learning atlas ({atlas:.2f})")
    data, seeds = result["data"], result["summary"]["seeds"]
    axes.set_xlabel(f"labelled slices (of {data['pool_slices']:,} in the pool)")
    axes.set_ylabel(f"mean foreground Dice on {data['test']} test volumes")
    axes.set_title(
        f"Active learning with a simulated annotator, {seeds} seeds: mean and range", fontsize=11
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.text(0.01, 0.01, "Research use only", fontsize=8, color="0.4")
    figure.savefig(path, dpi=120)


def _curves(result: dict[str, Any]) -> dict[str, dict[int, list[float]]]:
    curves: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in result["records"]:
        curves[record["strategy"]][record["labelled_slices"]].append(record["dice"])
    return curves
