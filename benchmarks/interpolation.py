"""How good slices interpolated between labelled ones are, on the hippocampus volumes.

``python benchmarks/interpolation.py``: Dice of interpolated slices against the truth, by plane,
length of block and class, with intervals over volumes, and how long a gap takes. Minutes. What
training on them is worth is for `labels_needed` to say.
"""

from __future__ import annotations

import argparse
import json
import sys
import timeit
from pathlib import Path
from typing import Any

import numpy as np

from napari_salient.active_learning.interpolation import interpolate
from napari_salient.active_learning.interpolation.between import Method, pixel_spacing
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.data.planes import PLANES, axis_of

DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus"
BLOCKS = (3, 5, 7, 9)


def main() -> int:
    given = parse_arguments()
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(measure_blocks(given), indent=1) + "\n")
    print_speed(given.method)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with images/ and labels/")
    parser.add_argument("--method", default="distance", choices=["distance", "contours"])
    parser.add_argument("--output", type=Path, default=Path("out/interpolation.json"))
    return parser.parse_args()


def measure_blocks(given: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row for each plane and length of block; prints them."""
    rows = []
    print("plane     block  blocks  overlap  Dice where ends overlap       Dice of all blocks")
    for plane in PLANES:
        cohort = Cohort.read(given.data / "images", given.data / "labels", plane, 5)
        for length in BLOCKS:
            rows.append(block_row(cohort, length, given.method))
            print(as_line(rows[-1]), flush=True)
    return rows


def print_speed(method: Method) -> None:
    """Print what it takes to fill a gap of four between slices of 256 × 256 pixels."""
    rows, columns = np.mgrid[:256, :256] - 128
    for what, radius in (("a small object", 10), ("a whole brain", 110)):
        ends = [disc_of_classes(rows, columns + shift, radius) for shift in (0, 4)]
        taken = min(timeit.repeat(lambda e=ends: interpolate(*e, 3, (1.0, 1.0), method), number=1))
        print(f"{what}: {1e3 * taken:.0f} ms a gap")


def disc_of_classes(rows: np.ndarray, columns: np.ndarray, radius: int) -> np.ndarray:
    """Return a disc that three classes share, as rings."""
    rings = 3 - (3 * np.hypot(rows, columns) / radius).astype(int)
    return np.maximum(rings, 0).astype(np.uint8)


def block_row(cohort: Cohort, length: int, method: str) -> dict[str, Any]:
    """Tile every volume with blocks and interpolate those that hold foreground.

    The published framework gives up a block in which the two ends of a class do not overlap.
    """
    counts = np.zeros((len(cohort.images), 2, len(cohort.class_names), 2))
    blocks, overlapping = 0, 0
    for case in range(len(cohort.images)):
        stack = np.moveaxis(cohort.truth(case), axis_of(cohort.plane), 0)
        for first in range(0, len(stack) - length + 1, length):
            block = stack[first : first + length]
            if not block.any():
                continue
            pixel = pixel_spacing(cohort.spacing, cohort.plane)
            guess = interpolate(block[0], block[-1], length - 2, pixel, method)
            overlaps = all(ends_overlap(block, value) for value in cohort.label_values[1:])
            found = [class_counts(guess, block[1:-1], v) for v in cohort.label_values[1:]]
            counts[case, 0] += found
            counts[case, 1] += np.array(found) * overlaps
            blocks, overlapping = blocks + 1, overlapping + overlaps
    return {
        "plane": cohort.plane,
        "block": length,
        "blocks": blocks,
        "overlapping": overlapping / blocks,
        "all": pooled_dice(counts[:, 0]),
        "overlap": pooled_dice(counts[:, 1]),
    }


def ends_overlap(block: np.ndarray, value: int) -> bool:
    """Whether a class is in neither end, or has a pixel that is the class's in both."""
    first, last = block[0] == value, block[-1] == value
    return bool((first & last).any() or not (first.any() or last.any()))


def class_counts(guess: np.ndarray, truth: np.ndarray, value: int) -> tuple[int, int]:
    """Return twice the common voxels, and the voxels of both together."""
    ours, theirs = guess == value, truth == value
    return 2 * np.count_nonzero(ours & theirs), np.count_nonzero(ours) + np.count_nonzero(theirs)


def pooled_dice(counts: np.ndarray) -> list[dict[str, float]]:
    """Return each class's Dice over all voxels, with its interval over resampled volumes.

    `counts` has the shape (volume, class, 2): twice the common voxels, and those of both.
    """
    drawn = np.random.default_rng(0).integers(len(counts), size=(2000, len(counts)))
    sums = np.stack([counts[draw].sum(0) for draw in drawn])
    low, high = np.percentile(sums[..., 0] / sums[..., 1], (2.5, 97.5), axis=0)
    dice = counts.sum(0)[:, 0] / counts.sum(0)[:, 1]
    table = zip(dice.tolist(), low.tolist(), high.tolist(), strict=True)
    return [{"dice": d, "low": lo, "high": hi} for d, lo, hi in table]


def as_line(row: dict[str, Any]) -> str:
    cells = [
        ", ".join(f"{c['dice']:.3f} ({c['low']:.3f}–{c['high']:.3f})" for c in row[kind])
        for kind in ("overlap", "all")
    ]
    share = f"{row['overlapping']:.0%}"
    return f"{row['plane']:9} {row['block']:5} {row['blocks']:7} {share:>8}  {'  '.join(cells)}"


if __name__ == "__main__":
    sys.exit(main())
