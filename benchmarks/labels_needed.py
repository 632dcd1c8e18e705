"""How many labelled slices reach 95 % of the fully labelled Dice, and what each part takes off.

``python benchmarks/labels_needed.py``: networks trained from scratch on more and more slices of
the hippocampus volumes, chosen at random or as the tool chooses them, with and without the slices
interpolated between them; and on every slice of the pool. In the warm arms the slices are labelled
round by round, one number of them after the other, and a round starts from the weights that the
last one ended with; in the pretrained ones, trainings that start from nothing else start from an
encoder that was pretrained on the pool's images. All arms share their network seeds. Hours; every
training is a line of ``<output>.partial.jsonl``, and a second start goes on there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from napari_salient.active_learning.choosing import Query
from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.simulation.experiment import RoundJob, run_round
from napari_salient.active_learning.simulation.fitting import fit_round
from napari_salient.active_learning.simulation.interpolated import Interpolated
from napari_salient.active_learning.simulation.summary import bootstrap_interval
from napari_salient.data.planes import PLANES
from napari_salient.pretraining.settings import TaskName
from support.encoders import pretrained_starts
from support.trainings import Record, Training, run_trainings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_salient.finetuning.simulated import SimulatedStart

    Labelled = list[tuple[int, int]]

DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus"
ALL = "every slice"
SHARE = 0.95
TARGET, TARGET_SLICES = 0.01, 72
"""Gain in Dice that interpolation must reach on average up to so many slices to be on by default"""


@dataclass(frozen=True)
class Arm:
    """How slices are chosen and what else is trained on."""

    strategy: str
    interpolated: Interpolated | None = None
    audit: float = 0.0
    compared_with: str = "random"
    warm: bool = False
    pretrained: bool = False


ARMS = {
    "random": Arm("random"),
    "strided": Arm("strided"),
    "stratified": Arm("stratified"),
    "strided, interpolated": Arm("strided", Interpolated(), compared_with="strided"),
    "strided, interpolated at 0.3": Arm("strided", Interpolated(0.3), compared_with="strided"),
    "strided, interpolated at 1": Arm("strided", Interpolated(1.0), compared_with="strided"),
    "the tool": Arm("strided", Interpolated(), 0.15, compared_with="strided"),
    "strided, warm": Arm("strided", compared_with="strided", warm=True),
    "strided, pretrained": Arm("strided", compared_with="strided", pretrained=True),
    "the whole tool": Arm("strided", audit=0.15, warm=True, pretrained=True),
}


def main() -> int:
    given = parse_arguments()
    cohort = Cohort.read(given.data / "images", given.data / "labels", given.plane, 5)
    starts = encoders(cohort, given) if any(ARMS[arm].pretrained for arm in given.arms) else {}
    train = partial(measure, cohort, starts, given.output)
    records = run_trainings(wanted(given), train, given.output, given.processes)
    full = [mean_dice(records, given.plane, ALL, None, steps) for steps in given.full_steps]
    result = {
        "records": records,
        "full": dict(zip(map(str, given.full_steps), full, strict=True)),
        "gains": [gain(records, given, arm, n) for arm in given.arms[1:] for n in given.slices],
        "needed": [needed_row(records, given, arm, max(full)) for arm in given.arms],
    }
    given.output.write_text(json.dumps(result, indent=1) + "\n")
    say(result)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with images/ and labels/")
    parser.add_argument("--plane", default="coronal", choices=PLANES)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--slices", type=int, nargs="+", default=[12, 24, 36, 48, 72, 96])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--full-steps", type=int, nargs="*", default=[300, 1500])
    parser.add_argument("--task", default="masked", choices=get_args(TaskName))
    parser.add_argument("--pretraining-steps", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path, default=Path("out/labels_needed.json"))
    return parser.parse_args()


def wanted(given: argparse.Namespace) -> list[Training]:
    """Return all trainings, seed by seed, so that whoever stops early has whole seeds."""
    found = []
    for seed in range(given.seeds):
        own = {"plane": given.plane, "seed": seed}
        found += [{**own, "arm": ALL, "slices": None, "steps": n} for n in given.full_steps]
        found += [
            {
                **own,
                "arm": arm,
                "slices": slices,
                "steps": given.steps,
                **history(given, arm, slices),
            }
            for slices in given.slices
            for arm in given.arms
        ]
    return found


def history(given: argparse.Namespace, arm: str, slices: int) -> dict[str, Any]:
    """Return what else a training of an arm depends on: earlier rounds, the encoder."""
    found: dict[str, Any] = {}
    if ARMS[arm].warm:
        found["after"] = [n for n in sorted(given.slices) if n < slices]
    if ARMS[arm].pretrained:
        found["encoder"] = f"{given.task}-{given.pretraining_steps}"
    return found


def encoders(cohort: Cohort, given: argparse.Namespace) -> dict[int, SimulatedStart]:
    """Pretrain an encoder for each seed."""
    settings, steps = SegmentationSettings(), given.pretraining_steps
    return pretrained_starts(
        cohort, settings, given.task, steps, given.seeds, given.output, given.processes
    )


def measure(
    cohort: Cohort, starts: dict[int, SimulatedStart], output: Path, training: Training
) -> Record:
    """Train and measure on the test volumes; runs in a worker process."""
    arm = ARMS.get(training["arm"])
    start = starts[training["seed"]] if arm and arm.pretrained else None
    if arm is None:
        state = cohort.pool_state([])
        labelled = list(zip(state.case_id.tolist(), state.index.tolist(), strict=True))
        job = job_of(training, labelled)
    elif arm.warm:
        job = last_round(cohort, arm, start, output.with_name(output.name + ".weights"), training)
    else:
        labelled = labels_of(cohort, arm, training["seed"], [training["slices"]])
        job = replace(job_of(training, labelled), pretrained=start)
    outcome = run_round(cohort, job)
    return {
        "dice": float(np.mean(list(outcome.dice.values()))),
        "dice_per_class": outcome.dice,
        "dead_classes": outcome.dead_classes,
        "cpu_seconds": outcome.cpu_seconds,
    }


def job_of(training: Training, labelled: Labelled) -> RoundJob:
    """Return the training of an arm on some slices, from scratch."""
    settings, arm = SegmentationSettings(), ARMS.get(training["arm"])
    return RoundJob(
        training["seed"],
        len(labelled),
        (),
        labelled,
        batch=1,
        query=False,
        settings=replace(settings, fit=replace(settings.fit, steps=training["steps"])),
        interpolated=arm.interpolated if arm else None,
    )


def labels_of(cohort: Cohort, arm: Arm, seed: int, sizes: Sequence[int]) -> Labelled:
    """Return the last of `sizes` slices, asked for round by round."""
    labelled: Labelled = []
    for number, size in enumerate(sizes):
        rng = np.random.default_rng([seed, number])
        state = cohort.pool_state(labelled)
        found = Query(arm.strategy, arm.audit).ask(state, size - len(labelled), rng)
        labelled += [(proposal.case_id, proposal.index) for proposal in found]
    return labelled


def last_round(
    cohort: Cohort, arm: Arm, start: SimulatedStart | None, folder: Path, training: Training
) -> RoundJob:
    """Train the rounds before the one asked for, unless their weights are there, and return it."""
    sizes = [*training["after"], training["slices"]]
    before: Path | None = None
    for number, size in enumerate(sizes, start=1):
        own = {**training, "slices": size, "after": training["after"][: number - 1]}
        kept = folder / ("-".join(map(str, own.values())) + ".safetensors")
        labelled = labels_of(cohort, arm, training["seed"], sizes[:number])
        job = replace(job_of(own, labelled), start=before, keep=(kept,), pretrained=start)
        if size != sizes[-1] and not kept.exists():
            fit_round(cohort, job)
        before = kept
    return job


def dice_by_seed(
    records: list[Record], plane: str, arm: str, slices: int | None, steps: int
) -> np.ndarray:
    """Return the Dice of a cell of the table in the order of the seeds."""
    cell = {"plane": plane, "arm": arm, "slices": slices, "steps": steps}
    own = [record for record in records if cell.items() <= record["training"].items()]
    return np.array([r["dice"] for r in sorted(own, key=lambda r: r["training"]["seed"])])


def mean_dice(records: list[Record], *cell: Any) -> float:
    return float(dice_by_seed(records, *cell).mean())


def gain(
    records: list[Record], given: argparse.Namespace, name: str, slices: int
) -> dict[str, Any]:
    """Return what an arm gains over the one it is compared with, paired by seed."""
    base = ARMS[name].compared_with
    own, other = (
        dice_by_seed(records, given.plane, arm, slices, given.steps) for arm in (name, base)
    )
    row = {"arm": name, "over": base, "slices": slices, "dice": float(own.mean())}
    if len(other) == 0:
        return row
    low, high = bootstrap_interval(own - other, np.random.default_rng(0))
    return {**row, "gain": float((own - other).mean()), "low": low, "high": high}


def needed_row(
    records: list[Record], given: argparse.Namespace, name: str, full: float
) -> dict[str, Any]:
    """Return the labels at which an arm's mean curve reaches the goal, over those of random.

    The interval resamples the seeds, the same ones for both; `None` where the goal lies beyond the
    longest curve.
    """

    def curves(arm: str) -> np.ndarray:
        cells = [
            dice_by_seed(records, given.plane, arm, n, given.steps) for n in sorted(given.slices)
        ]
        return np.stack(cells, axis=1)

    own, other = curves(name), curves(given.arms[0])
    goal, sizes = SHARE * full, np.array(sorted(given.slices))
    drawn = np.random.default_rng(0).integers(len(own), size=(2000, len(own)))
    ratios = [
        labels_to(goal, sizes, own[draw].mean(0)) / labels_to(goal, sizes, other[draw].mean(0))
        for draw in drawn
    ]
    known = [r for r in ratios if not np.isnan(r)] or [np.nan]
    low, high = np.percentile(known, (2.5, 97.5), method="nearest")
    labels = labels_to(goal, sizes, own.mean(0))
    ratio = labels / labels_to(goal, sizes, other.mean(0))
    return {
        "arm": name,
        "goal": goal,
        "labels": none_if_beyond(labels),
        "of_random": none_if_beyond(ratio),
        "low": none_if_beyond(low),
        "high": none_if_beyond(high),
        "curve": own.mean(0).tolist(),
    }


def labels_to(goal: float, sizes: np.ndarray, curve: np.ndarray) -> float:
    """Return where a curve first reaches a goal, interpolated; infinite if it does not."""
    reached = np.flatnonzero(curve >= goal)
    if not len(reached):
        return np.inf
    at = int(reached[0])
    if at == 0:
        return float(sizes[0])
    part = (goal - curve[at - 1]) / (curve[at] - curve[at - 1])
    return float(sizes[at - 1] + part * (sizes[at] - sizes[at - 1]))


def none_if_beyond(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def say(result: dict[str, Any]) -> None:
    print("every slice labelled:", {steps: round(d, 3) for steps, d in result["full"].items()})
    for row in result["gains"]:
        paired = "gain" in row and (
            f"{row['gain']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f}) over {row['over']}"
        )
        print(f"{row['arm']:29} {row['slices']:4} slices  {row['dice']:.3f} {paired or ''}")
    for arm in (name for name, arm in ARMS.items() if arm.interpolated and not arm.audit):
        few = [r for r in result["gains"] if r["arm"] == arm and r["slices"] <= TARGET_SLICES]
        gains = [r["gain"] for r in few if "gain" in r]
        if gains:
            on = float(np.mean(gains)) >= TARGET
            print(f"{arm}: {np.mean(gains):+.3f} up to {TARGET_SLICES} slices; on: {on}")
    for row in result["needed"]:
        print(f"{row['arm']:29} {row['labels']} labels to {row['goal']:.3f}; {row['of_random']} of")
        print(f"{'':29} random ({row['low']} to {row['high']})")


if __name__ == "__main__":
    sys.exit(main())
