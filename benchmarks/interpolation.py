"""What interpolation between labelled slices is worth, on the hippocampus volumes.

``python benchmarks/interpolation.py blocks``: Dice of interpolated slices against the truth, by
plane, length of block and class, with intervals over volumes. Minutes.

``python benchmarks/interpolation.py training``: Dice on test volumes after training on the same
labelled slices with and without the slices between them, paired by seed. Hours; every training is a
line of ``<output>.partial.jsonl``, and a second start goes on from there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from napari_salient.active_learning.interpolation import interpolate
from napari_salient.active_learning.interpolation.between import pixel_spacing
from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.simulation.experiment import RoundJob, run_round
from napari_salient.active_learning.simulation.interpolated import Interpolated
from napari_salient.active_learning.simulation.summary import bootstrap_interval
from napari_salient.active_learning.strategies import select
from napari_salient.data.planes import PLANES, Plane, axis_of

DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus"
BLOCKS = (3, 5, 7, 9)
BLOCK = 5
TARGET, TARGET_SLICES = 0.01, 72
"""Gain in Dice that interpolation must reach somewhere up to so many slices to be on by default."""

ARMS: dict[str, Interpolated | None] = {
    "labels alone": None,
    "weight 0.3": Interpolated(0.3),
    "weight 1": Interpolated(1.0),
    "measured weight": Interpolated(),
}


@dataclass(frozen=True)
class Training:
    """One cell of the table of trainings."""

    plane: Plane
    slices: int
    seed: int
    arm: str
    steps: int


def main() -> int:
    given = parse_arguments()
    given.output.parent.mkdir(parents=True, exist_ok=True)
    result = measure_blocks(given) if given.part == "blocks" else measure_trainings(given)
    given.output.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["blocks", "training"])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with images/ and labels/")
    parser.add_argument("--method", default="distance", choices=["distance", "contours"])
    parser.add_argument("--planes", nargs="+", default=["coronal", "axial"], choices=PLANES)
    parser.add_argument("--slices", type=int, nargs="+", default=[12, 24, 48, 72])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    given.output = given.output or Path(f"out/interpolation_{given.part}.json")
    return given


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


def measure_trainings(given: argparse.Namespace) -> dict[str, Any]:
    """Return all trainings and the paired gain of each arm; prints both as they come."""
    wanted = [
        Training(plane, slices, seed, arm, given.steps)
        for seed in range(given.seeds)
        for plane in given.planes
        for slices in sorted(given.slices)
        for arm in ARMS
    ]
    partial = given.output.with_name(given.output.name + ".partial.jsonl")
    records = read_records(partial, wanted)
    done = [Training(**record["training"]) for record in records]
    read = {
        plane: Cohort.read(given.data / "images", given.data / "labels", plane, 5)
        for plane in given.planes
    }
    with ProcessPoolExecutor(given.processes, get_context("spawn")) as pool:
        jobs = [pool.submit(train, read[job.plane], job) for job in wanted if job not in done]
        for job in as_completed(jobs):
            records.append(job.result())
            with partial.open("a") as file:
                file.write(json.dumps(records[-1]) + "\n")
            print(json.dumps(records[-1]), flush=True)
    gains = [
        gain_row(records, plane, slices, arm)
        for plane in given.planes
        for slices in sorted(given.slices)
        for arm in list(ARMS)[1:]
    ]
    say_gains(gains)
    return {"records": records, "gains": gains}


def read_records(partial: Path, wanted: list[Training]) -> list[dict[str, Any]]:
    """Return the finished trainings that are wanted; a torn last line is left out."""
    if not partial.exists():
        return []
    whole = partial.read_text().rpartition("\n")[0].splitlines()
    records = [json.loads(line) for line in whole]
    return [record for record in records if Training(**record["training"]) in wanted]


def train(cohort: Cohort, training: Training) -> dict[str, Any]:
    """Train and measure in a worker process with one thread."""
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    settings = SegmentationSettings()
    settings = replace(settings, fit=replace(settings.fit, steps=training.steps))
    labelled = block_ends(cohort, training.seed, training.slices)
    job = RoundJob(
        training.seed, training.slices, (), labelled, batch=1, query=False, settings=settings,
        interpolated=ARMS[training.arm],
    )  # fmt: skip
    outcome = run_round(cohort, job)
    return {
        "training": vars(training),
        "dice": float(np.mean(list(outcome.dice.values()))),
        "dice_per_class": outcome.dice,
        "dead_classes": outcome.dead_classes,
        "cpu_seconds": outcome.cpu_seconds,
    }


def block_ends(cohort: Cohort, seed: int, count: int) -> list[tuple[int, int]]:
    """Return the ends of blocks of five slices, the same for every arm of a seed."""
    rng = np.random.default_rng([seed, 0])
    state = cohort.pool_state([])
    return [(found.case_id, found.index) for found in select("strided", state, count, rng)]


def gain_row(records: list[dict[str, Any]], plane: Plane, slices: int, arm: str) -> dict[str, Any]:
    """Return the mean gain of an arm over labels alone, with its interval over seeds."""

    def by_seed(name: str) -> dict[int, float]:
        cell = (plane, slices, name)
        keys = ("plane", "slices", "arm")
        own = [r for r in records if tuple(r["training"][key] for key in keys) == cell]
        return {record["training"]["seed"]: record["dice"] for record in own}

    with_arm, alone = by_seed(arm), by_seed("labels alone")
    gain = np.array([with_arm[seed] - alone[seed] for seed in sorted(alone)])
    low, high = bootstrap_interval(gain, np.random.default_rng(0))
    return {
        "plane": plane, "slices": slices, "arm": arm, "alone": float(np.mean(list(alone.values()))),
        "gain": float(gain.mean()), "low": low, "high": high, "seeds": len(gain),
    }  # fmt: skip


def say_gains(gains: list[dict[str, Any]]) -> None:
    for row in gains:
        print(
            f"{row['plane']:9} {row['slices']:4} slices  {row['arm']:16} "
            f"{row['alone']:.3f} {row['gain']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
        )
    for arm in list(ARMS)[1:]:
        few = [row["gain"] for row in gains if row["arm"] == arm and row["slices"] <= TARGET_SLICES]
        reached = bool(few) and float(np.mean(few)) >= TARGET
        print(f"{arm}: mean gain {np.mean(few):+.3f} up to {TARGET_SLICES} slices; on: {reached}")


if __name__ == "__main__":
    sys.exit(main())
