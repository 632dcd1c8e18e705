"""Learning curves of query strategies on the hippocampus volumes, beside the no-learning atlas.

Runs `napari-salient simulate`; a second start goes on where the first was stopped. The table of all
strategies: ``--strategies table --initial 24 --batch 48 --rounds 3``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_salient.cli import main as command_line

TABLE = (
    "random,random_foreground,strided,strided_chain,stratified,margin,entropy,bald,ensemble,cluster,"
    "kcenter,hybrid,power_entropy"
)
DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with images/ and labels/")
    parser.add_argument("--strategies", default="random,strided,entropy")
    parser.add_argument("--plane", default="axial")
    parser.add_argument("--initial", type=int, default=40)
    parser.add_argument("--batch", type=int, default=80)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path("out/hippocampus.json"))
    given = parser.parse_args()
    if not given.data.is_dir():
        print(
            f"There are no volumes in {given.data}; name their folder with --data.", file=sys.stderr
        )
        return 1
    folders = ["--images", str(given.data / "images"), "--labels", str(given.data / "labels")]
    sizes = [f"--{name}={getattr(given, name)}" for name in ("initial", "batch", "rounds", "seeds")]
    names = TABLE if given.strategies == "table" else given.strategies
    choice = ["--strategies", names, "--plane", given.plane]
    return command_line(["simulate", *folders, *choice, *sizes, "--output", str(given.output)])


if __name__ == "__main__":
    sys.exit(main())
