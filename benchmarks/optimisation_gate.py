"""Gate: training has to land in the same place whatever the network's seed.

``python benchmarks/optimisation_gate.py``: one fixed set of 100 slices, ten trainings that differ
in their seed alone. Passed if at least nine land within 3 Dice points of the best and no class is
lost; otherwise chance in training would drown what a query strategy does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.simulation.experiment import (
    RoundJob,
    RoundOutcome,
    initial_slices,
    run_round,
)

DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus"
MARGIN = 0.03


def one_training(cohort: Cohort, slices: int, number: int) -> RoundOutcome:
    """Train on the one set of slices; the number stands for the seed of weights and batches."""
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    labelled = initial_slices(cohort, 0, slices)
    job = RoundJob(0, number, (), labelled, batch=1, query=False, settings=SegmentationSettings())
    return run_round(cohort, job)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with images/ and labels/")
    parser.add_argument("--slices", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--output", type=Path, default=Path("out/optimisation_gate.json"))
    given = parser.parse_args()
    cohort = Cohort.read(given.data / "images", given.data / "labels", "axial", 5)
    dice, dead = [], 0
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        trainings = [
            pool.submit(one_training, cohort, given.slices, number) for number in range(given.seeds)
        ]
        for training in trainings:
            outcome = training.result()
            dice.append(float(np.mean(list(outcome.dice.values()))))
            dead += len(outcome.dead_classes)
            print(f"dice {dice[-1]:.3f} by class {outcome.dice}", flush=True)
    close = sum(value >= max(dice) - MARGIN for value in dice)
    passed = close >= 0.9 * given.seeds and dead == 0
    print(f"{close} of {given.seeds} within {MARGIN} of the best, {dead} classes lost")
    print(f"mean {np.mean(dice):.3f}, SD {np.std(dice, ddof=1):.3f}: passed {passed}")
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps({"dice": dice, "dead": dead, "passed": passed}))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
