"""Whether the proxy tasks are learned: accuracy on unseen volumes, chance, and shuffled answers.

``python benchmarks/proxy_tasks.py``: each task on slices and on volumes of the hippocampus, every
fifth patient held out, once as it is and once with answers drawn by chance, from which nothing can
be learned. With the default steps about 15 CPU minutes on slices and an hour on volumes; every
training is a line of ``<output>.partial.jsonl``, and a second start goes on there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, get_args

from napari_salient.engine.control import Control
from napari_salient.engine.fit import fit
from napari_salient.engine.jobs import result_of
from napari_salient.engine.settings import FitSettings
from napari_salient.pretraining.intake import find_pool
from napari_salient.pretraining.job import pretraining_task
from napari_salient.pretraining.settings import PretrainingSettings, TaskName
from support.figures import print_table, say, write_result
from support.shuffled import shuffle
from support.trainings import Record, Training, run_trainings

DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus/images"
STEPS = {2: 600, 3: 200}
BATCHES = 16
SURE = 4
"""Standard errors of a share of that many examples, beyond which it is no chance."""

EXPLAINED = 0.2
"""Of the variance of what is masked: more is learned, less than half of it is chance."""


def main() -> int:
    given = parse_arguments()
    if not given.data.is_dir():
        print(f"There are no volumes in {given.data}, so nothing is trained.", file=sys.stderr)
        return 0
    wanted = [
        {"task": name, "dims": dims, "steps": given.steps or STEPS[dims], "shuffled": shuffled}
        for dims in given.dims
        for name in given.tasks
        for shuffled in (False, True)
    ]
    measure = partial(trained, data=given.data)
    records = run_trainings(wanted, measure, given.output, given.processes)
    judge(records)
    write_result("proxy_tasks", given, records=records)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of volumes")
    names = get_args(TaskName)
    parser.add_argument("--tasks", nargs="+", default=names, choices=names)
    parser.add_argument("--dims", nargs="+", type=int, default=[2, 3], choices=[2, 3])
    parser.add_argument("--steps", type=int, help=f"optimiser steps, {STEPS} by default")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("out/proxy_tasks.json"))
    return parser.parse_args()


def trained(training: Training, data: Path) -> Record:
    """Train and return what was measured on the held-out volumes."""
    settings = PretrainingSettings(
        task=training["task"],
        spatial_dims=training["dims"],
        held_out_batches=BATCHES,
        fit=FitSettings(steps=training["steps"], save_every=0, threads=1, device="cpu"),
    )
    task = pretraining_task(find_pool(data, 5), settings)
    if training["shuffled"]:
        shuffle(task)
    with tempfile.TemporaryDirectory() as folder:
        measured: Record = result_of(fit(task, settings.fit, Control(), Path(folder)))
    return {**measured, "examples": BATCHES * settings.batch_size}


def judge(records: list[Record]) -> None:
    """Print a row for each task, and whether it is learned, and only from true answers."""
    of = {tuple(record["training"].values()): record for record in records}
    rows: list[list[Any]] = [["task", "dims", "steps", "accuracy %", "chance %", "shuffled %"]]
    verdicts = []
    for (name, dims, steps, shuffled), true in of.items():
        if not shuffled:
            other = of[name, dims, steps, True]
            figures = (true["accuracy"], true["chance"], other["accuracy"])
            rows.append([name, dims, steps, *(100 * figure for figure in figures)])
            margin = margin_of(name, true)
            above = true["accuracy"] - true["chance"] > margin
            verdicts.append((above, f"{name} in {dims}D beats chance"))
            still = other["accuracy"] - other["chance"] < margin / 2
            verdicts.append((still, f"{name} in {dims}D stays at chance when shuffled"))
    print_table(rows)
    for passed, what in verdicts:
        say(passed, what)


def margin_of(name: str, record: Record) -> float:
    """Return how far above chance an accuracy is to be: twice what is called sure."""
    if name == "masked":
        return EXPLAINED
    chance = record["chance"]
    return float(2 * SURE * (chance * (1 - chance) / record["examples"]) ** 0.5)


if __name__ == "__main__":
    sys.exit(main())
