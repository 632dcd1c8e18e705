"""What pretraining is worth within active learning on the hippocampus volumes.

Trainings from scratch and from an encoder that was pretrained on the images of the pool, on the
same labels: a first batch drawn at random, strided, or farthest apart by the encoder's features,
and more of them round by round. After k-center the later batches are strided. All arms of a seed
share the network's other first weights and the batches; each seed has an encoder of its own. Every
training is a line of ``<output>.partial.jsonl``, and a second start goes on there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from napari_salient.active_learning.choosing import Query
from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.simulation.experiment import (
    RoundJob,
    initial_slices,
    run_round,
)
from napari_salient.active_learning.simulation.pretrained import pool_features
from napari_salient.active_learning.simulation.summary import (
    areas_under_curves,
    mean_sd,
    paired_difference,
)
from napari_salient.data.planes import PLANES
from napari_salient.engine.control import Control
from napari_salient.pretraining.settings import TaskName
from support.encoders import pretrained_starts
from support.trainings import Record, Training, run_trainings

if TYPE_CHECKING:
    from napari_salient.finetuning.simulated import SimulatedStart

    Labelled = list[tuple[int, int]]

DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus"
STARTS = ("scratch", "pretrained")
FIRST = {"random": "random", "strided": "strided", "k-center": "strided"}
"""How the first batch is chosen, and by which strategy the later ones."""

COMPARED = [
    *((("pretrained", first), ("scratch", first)) for first in FIRST),
    *(((start, "k-center"), (start, other)) for start in STARTS for other in ("random", "strided")),
    *(((start, "strided"), (start, "random")) for start in STARTS),
]


def main() -> int:
    given = parse_arguments()
    cohort = Cohort.read(given.data / "images", given.data / "labels", given.plane, 5)
    settings = SegmentationSettings()
    settings = replace(settings, fit=replace(settings.fit, steps=given.steps))
    starts = pretrained_starts(
        cohort,
        settings,
        given.task,
        given.pretraining_steps,
        given.seeds,
        given.output,
        given.processes,
    )
    firsts = run_trainings(
        [
            {"encoder": start.identity(), "seed": seed, "initial": given.initial}
            for seed, start in starts.items()
        ],
        partial(choose_first, cohort, starts),
        given.output.with_name(given.output.name + ".first"),
        given.processes,
    )
    by_seed = {r["training"]["seed"]: [tuple(place) for place in r["slices"]] for r in firsts}
    train = partial(measure, cohort, settings, starts, by_seed)
    records = run_trainings(wanted(given), train, given.output, given.processes)
    result = {"records": records, "pretrainings": firsts, **summary(records)}
    given.output.write_text(json.dumps(result, indent=1) + "\n")
    say(result)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with images/ and labels/")
    parser.add_argument("--plane", default="coronal", choices=PLANES)
    parser.add_argument("--task", default="masked", choices=get_args(TaskName))
    parser.add_argument("--pretraining-steps", type=int, default=2000)
    parser.add_argument("--initial", type=int, default=8)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path, default=Path("out/pretraining_in_the_loop.json"))
    return parser.parse_args()


def wanted(given: argparse.Namespace) -> list[Training]:
    """Return all trainings, seed by seed, so that whoever stops early has whole seeds."""
    names = ("plane", "task", "pretraining_steps", "initial", "batch", "steps")
    common = {name: getattr(given, name) for name in names}
    return [
        {**common, "seed": seed, "round": number, "first": first, "start": start}
        for seed in range(given.seeds)
        for number in range(given.rounds + 1)
        for first in FIRST
        for start in STARTS
    ]


def choose_first(cohort: Cohort, starts: dict[int, SimulatedStart], training: Training) -> Record:
    """Choose a seed's first slices by k-center; runs in a worker process."""
    seed, count = training["seed"], training["initial"]
    looking = pool_features(cohort, starts[seed], Control())
    while True:
        try:
            next(looking)
        except StopIteration as end:
            return {"slices": initial_slices(cohort, seed, count, end.value)}


def measure(
    cohort: Cohort,
    settings: SegmentationSettings,
    starts: dict[int, SimulatedStart],
    by_k_center: dict[int, Labelled],
    training: Training,
) -> Record:
    """Train and measure on the test volumes; runs in a worker process."""
    seed, number = training["seed"], training["round"]
    labelled = labels_of(cohort, by_k_center[seed], training)
    start = starts[seed] if training["start"] == "pretrained" else None
    job = RoundJob(seed, number, (), labelled, 1, False, settings, pretrained=start)
    outcome = run_round(cohort, job)
    return {
        "labelled": len(labelled),
        "dice": float(np.mean(list(outcome.dice.values()))),
        "dice_per_class": outcome.dice,
        "dead_classes": outcome.dead_classes,
        "cpu_seconds": outcome.cpu_seconds,
    }


def labels_of(cohort: Cohort, by_k_center: Labelled, training: Training) -> Labelled:
    """Return the labelled slices of a round; no choice here depends on what a model says."""
    seed, first = training["seed"], training["first"]
    labelled: Labelled = []
    for number in range(training["round"] + 1):
        if number == 0 and first == "k-center":
            labelled = list(by_k_center)
            continue
        strategy, count = (first, "initial") if number == 0 else (FIRST[first], "batch")
        rng = np.random.default_rng([seed, number, 2])
        found = Query(strategy).ask(cohort.pool_state(labelled), training[count], rng)
        labelled += [(proposal.case_id, proposal.index) for proposal in found]
    return labelled


def summary(records: list[Record]) -> dict[str, Any]:
    """Return the means over the seeds, and the differences of the pairs in `COMPARED`."""
    points = [
        (_arm(r["training"]), r["training"]["seed"], r["labelled"], r["dice"]) for r in records
    ]
    areas = areas_under_curves(points)
    sizes = sorted({labelled for _, _, labelled, _ in points})
    at = {
        size: {
            arm: {seed: dice for name, seed, n, dice in points if (name, n) == (arm, size)}
            for arm in areas
        }
        for size in sizes
    }
    curves = {"area": areas, **{f"{size} slices": by_arm for size, by_arm in at.items()}}
    return {
        "mean": {
            where: {arm: mean_sd(list(of_arm.values())) for arm, of_arm in by_arm.items()}
            for where, by_arm in curves.items()
        },
        "differences": [
            {"of": _name(one), "to": _name(other), "where": where}
            | paired_difference(by_arm[_name(one)], by_arm[_name(other)])
            for one, other in COMPARED
            for where, by_arm in curves.items()
        ],
    }


def _arm(training: Training) -> str:
    return _name((training["start"], training["first"]))


def _name(arm: tuple[str, str]) -> str:
    return ", ".join(arm)


def say(result: dict[str, Any]) -> None:
    for where, by_arm in result["mean"].items():
        for arm, dice in by_arm.items():
            print(f"{where:10} {arm:22} {dice['mean']:.3f} (SD {dice['sd']:.3f})")
    for row in result["differences"]:
        low, high = row["interval_95"]
        gain = f"{row['mean']:+.3f} ({low:+.3f} to {high:+.3f})"
        print(f"{row['where']:10} {row['of']:22} over {row['to']:20} {gain}")


if __name__ == "__main__":
    sys.exit(main())
