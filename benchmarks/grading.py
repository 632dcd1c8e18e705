"""What pretraining is worth for grading photographs of the fundus, in the official split of IDRiD.

Runs `napari-salient train pretraining` on the training pictures alone, then `finetune
classification` from scratch and from each encoder, at several shares of the training pictures and
with several seeds. Every training is a file in ``--output``; a second start goes on there.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from napari_salient.active_learning.simulation.summary import mean_sd, paired_difference
from napari_salient.cli import main as command_line
from support.figures import print_table

DATA = Path(__file__).resolve().parents[2] / "shared/data/fundus"
SCRATCH = "scratch"


def main() -> int:
    given = parse_arguments()
    encoders = {task: encoder(given, task) for task in given.tasks}
    arms = {SCRATCH: None, **encoders}
    kappa: dict[float, dict[str, dict[int, float]]] = {}
    for seed in range(given.seeds):
        for fraction in given.fractions:
            for name, checkpoint in arms.items():
                found = grade(given, name, checkpoint, fraction, seed)["kappa"]
                kappa.setdefault(fraction, {}).setdefault(name, {})[seed] = found
    summary = {fraction: summarise(by_arm) for fraction, by_arm in kappa.items()}
    (given.output / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    print_table([["share", "arm", "kappa", "difference", "95 % interval"], *rows(summary)])
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with images/, labels.csv")
    parser.add_argument("--tasks", nargs="+", default=["rotation", "masked"])
    parser.add_argument("--fractions", type=float, nargs="+", default=[0.1, 0.25, 1.0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pretraining-steps", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--output", type=Path, default=Path("out/grading"), help="folder")
    return parser.parse_args()


def encoder(given: argparse.Namespace, task: str) -> Path:
    """Return the run that pretrained on the training pictures, made if it is not there."""
    pool, output = given.output / "pool", given.output / f"{task}.json"
    pool.mkdir(parents=True, exist_ok=True)
    for picture in (given.data / "images").glob("train_*"):
        if not (pool / picture.name).exists():
            (pool / picture.name).symlink_to(picture.resolve())
    options = ["--task", task, "--fit.steps", str(given.pretraining_steps)]
    words = ["train", "pretraining", str(pool), *options, "--runs", str(given.output / "runs")]
    return Path(result(words, output)["run"])


def grade(
    given: argparse.Namespace, name: str, checkpoint: Path | None, fraction: float, seed: int
) -> dict[str, Any]:
    """Return what an arm reached, trained if that is not known."""
    data = [str(given.data / "images"), str(given.data / "labels.csv")]
    options = ["--fraction", str(fraction), "--fit.seed", str(seed), "--fit.save_every", "0"]
    start = ["--from", str(checkpoint)] if checkpoint else []
    words = ["finetune", "classification", *data, *start, *options]
    places = ["--fit.steps", str(given.steps), "--runs", str(given.output / "runs")]
    return result([*words, *places], given.output / f"{name}-{fraction}-{seed}.json")


def result(words: list[str], output: Path) -> dict[str, Any]:
    if not output.exists() and (code := command_line([*words, "--output", str(output)])):
        output.unlink(missing_ok=True)  # Interrupted, so not measured.
        sys.exit(code)
    found: dict[str, Any] = json.loads(output.read_text())
    return found


def summarise(by_arm: dict[str, dict[int, float]]) -> dict[str, Any]:
    """Return each arm's mean kappa and its paired difference to scratch."""
    return {
        name: {
            "kappa": mean_sd(list(by_seed.values())),
            "difference": paired_difference(by_seed, by_arm[SCRATCH]),
        }
        for name, by_seed in by_arm.items()
    }


def rows(summary: dict[float, dict[str, Any]]) -> list[list[str]]:
    found = []
    for fraction, by_arm in summary.items():
        for name, row in by_arm.items():
            low, high = row["difference"]["interval_95"]
            texts = [f"{row['kappa']['mean']:.3f}", f"{row['difference']['mean']:+.3f}"]
            found.append([f"{fraction:.0%}", name, *texts, f"{low:+.3f} to {high:+.3f}"])
    return found


if __name__ == "__main__":
    sys.exit(main())
