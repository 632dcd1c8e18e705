"""The picture of a comparison: Dice over labels, and what pretraining adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.active_learning.simulation.curves import COLOURS
from napari_salient.finetuning.comparison.arms import SCRATCH

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes


def draw_comparison(result: dict[str, Any], path: Path) -> None:
    """Draw the Dice of each arm at each share, and its paired difference to scratch."""
    from matplotlib.figure import Figure

    rows, seeds = result["summary"], result["experiment"]["settings"]["seeds"]
    figure = Figure(figsize=(12, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_dice(left, rows)
    _draw_differences(right, rows)
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xlabel(f"labelled volumes (of {result['data']['pool']} in the pool)")
        axes.set_xticks([row["volumes"] for row in rows], [row["volumes"] for row in rows])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    left.set_ylabel(f"mean foreground Dice on {result['data']['test']} test volumes")
    left.legend(fontsize=8)
    right.set_ylabel("Dice more than from scratch, 95 % interval")
    figure.suptitle(f"Pretraining against training from scratch, {seeds} paired seeds", fontsize=11)
    figure.text(0.01, 0.01, "Research use only", fontsize=8, color="0.4")
    figure.savefig(path, dpi=120)


def _draw_dice(axes: Axes, rows: list[dict[str, Any]]) -> None:
    volumes = [row["volumes"] for row in rows]
    for name, style in _styles(rows).items():
        dice = [row["arms"][name]["dice"]["mean"] for row in rows]
        axes.plot(volumes, dice, marker="o", label=name, **style)
    atlas = [row["atlas_dice"]["mean"] for row in rows]
    axes.plot(volumes, atlas, color="0.4", linestyle=":", label="no-learning atlas of these labels")


def _draw_differences(axes: Axes, rows: list[dict[str, Any]]) -> None:
    axes.axhline(0, color="black", linewidth=1)
    styles = _styles(rows)
    del styles[SCRATCH]
    shifts = np.linspace(-0.06, 0.06, len(styles))
    for shift, (name, style) in zip(shifts, styles.items(), strict=True):
        found = [row["arms"][name]["difference_to_scratch"] for row in rows]
        low, mean, high = (
            np.array(values)
            for values in zip(
                *((d["interval_95"][0], d["mean"], d["interval_95"][1]) for d in found), strict=True
            )
        )
        volumes = [row["volumes"] * 10**shift for row in rows]
        axes.errorbar(volumes, mean, [mean - low, high - mean], marker="o", capsize=2, **style)


def _styles(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return each arm's line: black for scratch, a colour for each encoder, dashed where frozen."""
    styles: dict[str, dict[str, Any]] = {SCRATCH: {"color": "black"}}
    colours = iter(colour for colour in COLOURS * 4 if colour != "#000000")
    for name in rows[0]["arms"]:
        encoder, _, frozen = name.partition(", ")
        if name != SCRATCH:
            colour = styles[encoder]["color"] if encoder in styles else next(colours)
            styles[name] = {"color": colour, "linestyle": "--" if frozen else "-"}
    return styles
