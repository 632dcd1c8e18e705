"""What pretraining is worth on the hippocampus volumes, on slices and in space.

Runs `napari-salient compare pretraining` twice: a network on slices with all six proxy tasks at
five shares of labels, and one on volumes with the five published tasks at two shares, for more
steps, so that training from scratch converges. Both test on the same patients and draw the same
labelled volumes, so what they reached is paired at the end: pretraining and training on slices
against both in space. Every training is kept as it is done, and a second start goes on where the
first was stopped.

A training takes about 20 CPU seconds on slices and 50 on volumes. Pretrainings take 1 to 6 CPU
minutes on slices, 17 by all six tasks, and 1 to 33 on volumes, an hour by all five.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from napari_salient.active_learning.simulation.summary import paired_difference
from napari_salient.cli import main as command_line
from support.figures import print_table, say

Outcome = dict[str, Any]

DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus"
PUBLISHED = "rotation,jigsaw,relative_location,cpc,exemplar"
PARTS = {
    "2d": {
        "tasks": f"{PUBLISHED},masked",
        "fractions": "0.01,0.02,0.05,0.1,0.25",
        "seeds": 5,
        "pretraining_steps": 2000,
        "segmentation.fit.steps": 300,
        "frozen": "false",
    },
    "3d": {
        "tasks": PUBLISHED,
        "fractions": "0.05,0.25",
        "seeds": 3,
        "pretraining_steps": 500,
        "segmentation.fit.steps": 600,
        "segmentation.spatial_dims": 3,
        "frozen": "false",
    },
}
GAIN, SCARCE, TIE, PLENTY = 0.02, 0.05, 0.01, 0.25
"""Dice to gain at no more than so few labels, and how far apart to be at most with many."""

SAVED, SAVED_AT = 0.2, 0.1
"""Share of the steps to save on the way to 95 % of scratch's plateau, at that share of labels."""


def main() -> int:
    given = parse_arguments()
    for part in given.parts:
        output = given.output / f"pretraining-{part}.json"
        if not output.exists() and (code := compare(given, PARTS[part], output)):
            return code
        print(f"\n{part}: {output}")
        judge(json.loads(output.read_text())["summary"])
    results = [given.output / f"pretraining-{part}.json" for part in PARTS]
    if all(path.exists() for path in results):
        compare_dimensions(*(json.loads(path.read_text())["outcomes"] for path in results))
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with images/ and labels/")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--processes", type=int, default=0, help="0 takes one for each core")
    parser.add_argument("--output", type=Path, default=Path("out"), help="folder")
    return parser.parse_args()


def compare(given: argparse.Namespace, part: dict[str, Any], output: Path) -> int:
    folders = [str(given.data / "images"), str(given.data / "labels")]
    options = [f"--{name}={value}" for name, value in part.items()]
    common = [f"--processes={given.processes}", f"--output={output}"]
    return command_line(["compare", "pretraining", *folders, *options, *common])


def judge(summary: list[dict[str, Any]]) -> None:
    """Say of the best task at each share whether the targets are reached."""
    for row in summary:
        arms = {name: arm for name, arm in row["arms"].items() if "difference_to_scratch" in arm}
        best = max(arms, key=lambda name: arms[name]["difference_to_scratch"]["mean"])
        found, saved = arms[best]["difference_to_scratch"], arms[best]["steps_saved"]
        low, high = found["interval_95"]
        gain = f"{found['mean']:+.3f} ({low:+.3f} to {high:+.3f})"
        what = f"{row['fraction']:.0%} of labels, {best}: {gain}"
        if row["fraction"] <= SCARCE:
            say(found["mean"] >= GAIN and low > 0, f"{what}; at least {GAIN} more, surely above 0")
        if row["fraction"] >= PLENTY:
            say(abs(found["mean"]) <= TIE, f"{what}; within {TIE}")
        if row["fraction"] == SAVED_AT:
            share = saved["mean"] if saved else 0.0
            say(share >= SAVED, f"{what}; {share:.0%} fewer steps, at least {SAVED:.0%}")


def compare_dimensions(on_slices: list[Outcome], in_space: list[Outcome]) -> None:
    """Print whether space is ahead of slices, over the published tasks, paired by seed."""
    rows: list[list[object]] = [["labels", "difference in Dice", "mean", "95 % interval"]]
    for share in sorted({o["fraction"] for o in in_space}):
        slices, space = (by_seed(outcomes, share) for outcomes in (on_slices, in_space))
        for what, of, to in (
            ("slices, pretrained - scratch", slices["pretrained"], slices["scratch"]),
            ("space, pretrained - scratch", space["pretrained"], space["scratch"]),
            ("scratch, space - slices", space["scratch"], slices["scratch"]),
            ("pretrained, space - slices", space["pretrained"], slices["pretrained"]),
        ):
            shared = sorted(set(of) & set(to))
            found = paired_difference({s: of[s] for s in shared}, {s: to[s] for s in shared})
            low, high = found["interval_95"]
            rows.append(
                [f"{share:.0%}", what, f"{found['mean']:+.3f}", f"{low:+.3f} to {high:+.3f}"]
            )
    print_table(rows)


def by_seed(outcomes: list[Outcome], share: float) -> dict[str, dict[int, float]]:
    """Return each seed's Dice from scratch, and its mean over the published tasks."""
    arms = {"scratch": {"scratch"}, "pretrained": set(PUBLISHED.split(","))}
    return {
        name: {
            seed: float(np.mean([o["dice"] for o in here if o["seed"] == seed]))
            for here in [[o for o in outcomes if o["arm"] in arm and o["fraction"] == share]]
            for seed in sorted({o["seed"] for o in here})
        }
        for name, arm in arms.items()
    }


if __name__ == "__main__":
    sys.exit(main())
