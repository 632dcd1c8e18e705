"""How long the arithmetic takes when somebody steers the attention of the caries model.

``python benchmarks/caries_interaction.py``

A film of 64 times 64 patches with random predictions and weights. For each stroke the mask of a
round brush becomes the share of each patch that it covers; the weights are edited and score and
contributions recomputed; the candidate lesions are found; and the map is laid out in pixels. The
network is not run, as it is not when somebody paints.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from napari_salient.caries.candidates import find_candidates
from napari_salient.caries.evidence import Edits, Evidence
from napari_salient.data.patch_grid import PatchGrid
from support.figures import print_table, quantiles, say, write_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

T = TypeVar("T")

SIDE, STRIDE = 64, 8
BRUSH = 20
TARGET_MS = 1.0
STROKE_TARGET_MS = 50.0
COVER, EDIT, FIND, SPREAD = "brush to patches", "edit and score", "candidates", "map in pixels"


def main() -> None:
    options = parse_arguments()
    records = measure(options.strokes, np.random.default_rng(options.seed))
    summary = {name: quantiles([record[name] for record in records]) for name in records[0]}
    show(summary)
    write_result("caries_interaction", options, patches=SIDE**2, summary=summary)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strokes", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("out/caries_interaction.json"))
    return parser.parse_args()


def measure(strokes: int, rng: np.random.Generator) -> list[dict[str, float]]:
    """Return the milliseconds of each part for each stroke, after one that warms up."""
    grid = PatchGrid(SIDE * STRIDE, SIDE * STRIDE, SIDE, SIDE, STRIDE, STRIDE)
    evidence = Evidence(rng.random((len(grid), 2)) ** 8, rng.random(len(grid)) ** 8, 1.0)
    kept = Edits().exclude(grid.coverage(brush(grid, rng))).force(grid.coverage(brush(grid, rng)))
    return [stroke(grid, evidence, kept, brush(grid, rng)) for _ in range(strokes + 1)][1:]


def brush(grid: PatchGrid, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a mask of the film with one round dab of the brush."""
    y, x = np.ogrid[: grid.height, : grid.width]
    row, column = rng.integers(0, (grid.height, grid.width))
    mask: NDArray[np.bool_] = (y - row) ** 2 + (x - column) ** 2 <= BRUSH**2
    return mask


def stroke(
    grid: PatchGrid, evidence: Evidence, kept: Edits, mask: NDArray[np.bool_]
) -> dict[str, float]:
    """Return the milliseconds of each part of a stroke that adds to earlier edits."""
    took: dict[str, float] = {}

    def timed(name: str, work: Callable[[], T]) -> T:
        begun = time.perf_counter()
        outcome = work()
        took[name] = 1e3 * (time.perf_counter() - begun)
        return outcome

    region = timed(COVER, partial(grid.coverage, mask))
    steered = timed(EDIT, partial(rescore, evidence, kept, region))
    timed(FIND, partial(find_candidates, steered, grid))
    timed(SPREAD, partial(grid.spread, steered.contributions[:, 0]))
    return {**took, "whole stroke": sum(took.values())}


def rescore(evidence: Evidence, kept: Edits, region: NDArray[np.float64]) -> Evidence:
    """Edit the weights and work out the score, which works out the contributions."""
    steered = evidence.edited(kept.exclude(region))
    assert steered.score is not None
    return steered


def show(summary: dict[str, dict[str, float]]) -> None:
    """Print the figures and how they stand to the targets."""
    rows: list[list[object]] = [["ms", "p50", "p95", "p99", "max"]]
    rows += [[name, *(f"{value:.3f}" for value in row.values())] for name, row in summary.items()]
    print_table(rows)
    score, whole = summary[EDIT]["p50"], summary["whole stroke"]["p50"]
    say(score <= TARGET_MS, f"edit and score {score:.3f} ms median (target {TARGET_MS:g} ms)")
    say(
        whole <= STROKE_TARGET_MS,
        f"whole stroke {whole:.2f} ms median, without drawing (target {STROKE_TARGET_MS:g} ms)",
    )


if __name__ == "__main__":
    main()
