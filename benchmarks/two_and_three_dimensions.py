"""The network on slices against the one on volumes: the same labels, Dice and processor time.

``python benchmarks/two_and_three_dimensions.py``: for every seed and number of labelled slices both
learn from the same random slices of the hippocampus volumes and are measured on the same test
volumes. A step in 3D takes about three times as long, so each is also trained for longer. Every
finished training is a line of ``<output>.partial.jsonl``, and a second start goes on
from there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_salient.active_learning.measures import dice_per_class, mean_dice
from napari_salient.active_learning.predict import predict_volume
from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.simulation.experiment import initial_slices
from napari_salient.active_learning.simulation.summary import bootstrap_interval
from support.segmenter import train_segmenter
from support.trainings import Record, Training, run_trainings

DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus"


def main() -> int:
    given = parse_arguments()
    cohort = Cohort.read(given.data / "images", given.data / "labels", "axial", 5)
    volumes = given.volumes or len(cohort.test)
    wanted = [
        {"dims": dims, "steps": steps, "slices": slices, "seed": seed, "volumes": volumes}
        for seed in range(given.seeds)
        for slices in given.slices
        for dims, steps in given.arms
    ]
    records = run_trainings(wanted, partial(measure, cohort), given.output, given.processes)
    summary = [summarise(records, n, given.arms) for n in given.slices]
    result = {"records": records, "summary": summary}
    given.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["summary"], indent=1))
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with images/ and labels/")
    parser.add_argument("--slices", type=int, nargs="+", default=[24, 96, 168])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--arms",
        type=arm,
        nargs="+",
        default=[(2, 300), (2, 800), (3, 300), (3, 800)],
        help="networks and steps, such as 3:800; all are compared with the first",
    )
    parser.add_argument("--volumes", type=int, default=0, help="test volumes; 0 takes all")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path, default=Path("out/two_and_three_dimensions.json"))
    return parser.parse_args()


def arm(text: str) -> tuple[int, int]:
    dims, steps = text.split(":")
    return int(dims), int(steps)


def measure(cohort: Cohort, job: Training) -> Record:
    """Train and predict; runs in a worker process."""
    settings = SegmentationSettings(spatial_dims=job["dims"])
    fitting = replace(settings.fit, steps=job["steps"], seed=job["seed"], threads=1, device="cpu")
    labelled = initial_slices(cohort, job["seed"], job["slices"])
    model, training_seconds = train_segmenter(cohort, labelled, replace(settings, fit=fitting))
    scores, begun = [], time.process_time()
    for case in cohort.test[: job["volumes"]]:
        prediction, _ = predict_volume(model, cohort.image(case))
        scores.append(dice_per_class(prediction, cohort.truth(case), cohort.label_values[1:]))
    seconds = time.process_time() - begun
    by_class = mean_dice(scores)
    return {
        "dice": float(by_class.mean()),
        "dice_per_class": by_class.tolist(),
        "training_cpu_seconds": training_seconds,
        "predicting_cpu_seconds_a_volume": seconds / len(scores),
        "weights": sum(weight.numel() for weight in model.parameters()),
    }


def summarise(
    records: list[dict[str, Any]], slices: int, arms: list[tuple[int, int]]
) -> dict[str, Any]:
    """Return each arm's mean figures and its paired difference in Dice to the first."""
    summary: dict[str, Any] = {"slices": slices}
    keys = ("dice", "training_cpu_seconds", "predicting_cpu_seconds_a_volume")
    first: np.ndarray | None = None
    for dims, steps in arms:
        chosen = {"dims": dims, "steps": steps, "slices": slices}
        own = [record for record in records if chosen.items() <= record["training"].items()]
        own.sort(key=lambda record: record["training"]["seed"])
        row: dict[str, Any] = {key: float(np.mean([r[key] for r in own])) for key in keys}
        dice = np.array([record["dice"] for record in own])
        if first is None:
            first = dice
        else:
            interval = bootstrap_interval(dice - first, np.random.default_rng(0))
            row["gain"] = {"mean": float((dice - first).mean()), "interval_95": list(interval)}
        summary[f"{dims}D, {steps} steps"] = row
    return summary


if __name__ == "__main__":
    sys.exit(main())
