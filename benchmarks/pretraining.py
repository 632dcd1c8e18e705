"""What pretraining is worth on the hippocampus volumes, on slices and in space.

Runs `napari-salient compare pretraining` twice: a network on slices with all six proxy tasks at
five shares of labels, and one on volumes with the five published tasks at two shares, for more
steps, so that training from scratch converges. Both test on the same patients and draw the same
labelled volumes, so their figures can be laid side by side. Every training is kept as it is done,
and a second start goes on where the first was stopped.

A training takes about 40 CPU seconds on slices and 50 on volumes, half of it measuring, a
pretraining 2 to 8 minutes: 25 and 6 trainings an arm are 17 and 5 CPU minutes, all in all about 5
CPU hours.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from napari_salient.cli import main as command_line
from support.figures import say

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


if __name__ == "__main__":
    sys.exit(main())
