"""What a click, a scribble and a box are worth on real volumes, against simpler ways, and how fast.

``python benchmarks/prompts.py``: a simulated annotator corrects labels against the truth: he clicks
(or scribbles along the middle) in the largest region that is wrong, again and again. On hippocampus
volumes he starts from a network trained on 16 slices, or from nothing; on the spleen, the spinal
cord and the organs of a CT, from nothing. Boxes are drawn a little too large around a whole object.
Every method may change the same voxels. Intervals are over volumes. About ten minutes.

``--side pool`` measures on the volumes on which the methods were chosen, ``--side test`` on
patients that were held out. The organs took part in the choice.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from scipy.ndimage import distance_transform_edt, label
from skimage.morphology import skeletonize

from napari_salient.active_learning.measures import dice_per_class
from napari_salient.active_learning.prompts import BoxPrompt, Click, Scene, Scribble, answer, smooth
from napari_salient.active_learning.simulation.summary import bootstrap_interval
from napari_salient.project.edits import box_slices
from support.figures import print_table, quantiles, say, write_result
from support.prompt_rivals import FRAMED, REGIONS
from support.prompt_volumes import Volume, hippocampi, organs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari_salient.active_learning.prompts import Prompt

OURS = "walk with priors"
ANSWERING = "napari_salient.active_learning.prompts.answering"
PROMPTS = 6
GOAL = 0.8
"""Dice whose number of prompts is reported."""

FAST_S = 1.0
BIG = (100, 512, 512)
BIG_SPACING = (2.5, 0.7, 0.7)


def main() -> None:
    given = parse_arguments()
    by_seed = [hippocampi(given.side, seed, given.volumes) for seed in range(given.seeds)]
    seen = [volume for volumes in by_seed for volume in volumes]
    sets = {
        "hippocampus, network": (seen, (4.0, 6.0, 8.0), (3.0, 6.0, 9.0)),
        "hippocampus, nothing": (
            [v.blind() for v in by_seed[0]],
            (6.0, 8.0, 10.0),
            (5.0, 8.0, 12.0),
        ),
        "organs, nothing": (list(organs()), (10.0, 20.0, 30.0), (10.0, 20.0, 30.0)),
    }
    rows = []
    for name, (volumes, clicks, scribbles) in sets.items():
        rows += prompt_rows(name, "click", volumes, clicks)
        rows += prompt_rows(name, "scribble", volumes, scribbles)
        rows += box_rows(name, volumes)
    speed = measure_speed()
    write_result("prompts", given, rows=rows, speed=speed)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", default="test", choices=["pool", "test"])
    parser.add_argument("--volumes", type=int, default=20, help="of the hippocampus")
    parser.add_argument("--seeds", type=int, default=3, help="networks")
    parser.add_argument("--output", type=Path, default=Path("out/prompts.json"))
    return parser.parse_args()


def prompt_rows(
    name: str, kind: str, volumes: list[Volume], reaches: Iterable[float]
) -> list[dict[str, Any]]:
    """Return a row for each method and reach; prints them."""
    rows = []
    for reach in reaches:
        curves = {}
        for method, region in REGIONS.items():
            if method == "same without model" and volumes[0].probabilities is None:
                continue
            with patch(f"{ANSWERING}.region_like", region):
                curves[method] = np.array([curve(v, kind, reach) for v in volumes])
        rows += [
            as_row(name, f"{kind} {reach:g} mm", m, volumes, curves[m], curves[OURS])
            for m in curves
        ]
    show(rows)
    return rows


def curve(volume: Volume, kind: str, reach: float) -> list[float]:
    """Return the mean Dice of the classes after 0, 1, … prompts."""
    labels = volume.start()
    found = [dice(labels, volume)]
    for _ in range(PROMPTS):
        wrong = largest_error(labels, volume)
        if wrong is not None:
            labels = corrected(labels, volume, kind, reach, *wrong)
        found.append(dice(labels, volume))
    return found


def dice(labels: np.ndarray, volume: Volume) -> float:
    return float(np.nanmean(dice_per_class(labels, volume.truth, volume.values[1:])))


def largest_error(labels: np.ndarray, volume: Volume) -> tuple[np.ndarray, int] | None:
    """Return the largest connected region that should have one label and has not, and the label."""
    best, size = None, 0
    for value in volume.values:
        parts, count = label((volume.truth == value) & (labels != value))
        if not count:
            continue
        sizes = np.bincount(parts.ravel())[1:]
        if sizes.max() > size:
            best, size = (parts == sizes.argmax() + 1, value), sizes.max()
    return best


def corrected(
    labels: np.ndarray, volume: Volume, kind: str, reach: float, region: np.ndarray, value: int
) -> np.ndarray:
    """Return the labels after a prompt in a region that should have a value."""
    depth = distance_transform_edt(np.pad(region, 1), sampling=volume.spacing)[1:-1, 1:-1, 1:-1]
    z, y, x = (int(i) for i in np.unravel_index(depth.argmax(), depth.shape))
    prompt: Prompt = Click((z, y, x), value != 0, reach)
    if kind == "scribble":
        middle = skeletonize(region[z])
        middle[y, x] = True
        voxels = tuple((z, int(row), int(column)) for row, column in np.argwhere(middle))
        prompt = Scribble(voxels, value != 0, reach)
    return applied(prompt, value or int(labels[z, y, x]), labels, volume)


def applied(prompt: Prompt, value: int, labels: np.ndarray, volume: Volume) -> np.ndarray:
    scene = Scene(volume.image, labels, volume.spacing, volume.values, volume.probabilities)
    change = answer(prompt, value, scene)
    after = labels.copy()
    if change is not None:
        after[box_slices(change.box)] = change.labels
    return after


def as_row(
    name: str,
    prompt: str,
    method: str,
    volumes: list[Volume],
    curves: np.ndarray,
    ours: np.ndarray,
) -> dict[str, Any]:
    """Return the figures of a method; `curves` are (volume, prompts so far).

    A volume that several networks saw counts once in the interval.
    """
    _, which = np.unique([volume.name for volume in volumes], return_inverse=True)
    ahead = np.bincount(which, (ours - curves)[:, 1:].mean(1)) / np.bincount(which)
    low, high = bootstrap_interval(ahead, np.random.default_rng(0))
    reached = np.where((curves >= GOAL).any(1), (curves >= GOAL).argmax(1), curves.shape[1])
    return {
        "data": name, "prompt": prompt, "method": method, "volumes": len(ahead),
        "dice": curves.mean(0).tolist(), "mean": float(curves[:, 1:].mean()),
        "prompts_to_goal": float(reached.mean()),
        "ours_ahead": {"mean": float(ahead.mean()), "low": low, "high": high},
    }  # fmt: skip


def box_rows(name: str, volumes: list[Volume]) -> list[dict[str, Any]]:
    """Return a row for each method, for boxes in 3D and on one slice; prints them."""
    rows = []
    for flat in (False, True):
        found = {}
        for method, framed in FRAMED.items():
            if method == "model" and volumes[0].probabilities is None:
                continue
            with patch(f"{ANSWERING}.object_in", framed):
                rng = np.random.default_rng(0)
                found[method] = np.array([boxed(v, flat, rng) for v in volumes])
        prompt = "box on a slice" if flat else "box"
        curves = {m: np.stack([np.zeros(len(d)), d], axis=1) for m, d in found.items()}
        rows += [as_row(name, prompt, m, volumes, curves[m], curves[OURS]) for m in curves]
    show(rows)
    return rows


def boxed(volume: Volume, flat: bool, rng: np.random.Generator) -> float:
    """Return the mean Dice of what is found in a box around each class."""
    scores = []
    for value in volume.values[1:]:
        truth = volume.truth == value
        if flat:
            best = truth.sum((1, 2)).argmax()
            truth = truth & (np.arange(len(truth)) == best)[:, None, None]
        parts, _ = label(truth)
        truth = parts == np.bincount(parts.ravel())[1:].argmax() + 1
        at = np.argwhere(truth)
        slack = rng.integers(0, 3, (2, 3)) * ([0, 1, 1] if flat else 1)
        low, high = at.min(0) - slack[0], at.max(0) + 1 + slack[1]
        ends = np.stack([low, high], axis=1).ravel().tolist()
        labels = applied(BoxPrompt(tuple(ends)), value, np.zeros_like(volume.truth), volume)
        scores.append(float(dice_per_class(labels, (truth * value).astype(np.uint8), [value])[0]))
    return float(np.mean(scores))


def show(rows: list[dict[str, Any]]) -> None:
    head = ["data", "prompt", "method", "Dice 1", "3", "6", "mean", f"to {GOAL}"]
    table = [[*head, "ours ahead (95 %)"]]
    for row in rows:
        ahead, steps = row["ours_ahead"], row["dice"]
        picked = [f"{steps[n]:.3f}" if n < len(steps) else "" for n in (1, 3, 6)]
        gap = f"{ahead['mean']:+.3f} ({ahead['low']:+.3f} to {ahead['high']:+.3f})"
        to_goal = f"{row['prompts_to_goal']:.1f}"
        table.append([row["data"], row["prompt"], row["method"], *picked, f"{row['mean']:.3f}",
                      to_goal, gap])  # fmt: skip
    print_table(table)
    print(flush=True)


def measure_speed() -> dict[str, Any]:
    """Return seconds of prompts on a volume of 512 × 512 × 100 voxels; prints them."""
    rng = np.random.default_rng(0)
    image = rng.normal(size=(1, *BIG)).astype(np.float32)
    image[0, 30:70, 150:350, 150:350] += 3
    inside = np.clip(rng.normal(0.5, 0.2, BIG), 0, 1).astype(np.float32)
    labels = np.zeros(BIG, np.uint8)
    labels[40:60, 200:300, 200:300] = 1
    scene = Scene(image, labels, BIG_SPACING, (0, 1), np.stack([1 - inside, inside]))
    line = tuple((50, 195, x) for x in range(200, 300))
    jobs: dict[str, Callable[[], object]] = {
        "click, 10 mm": lambda: answer(Click((50, 190, 250), reach_mm=10.0), 1, scene),
        "click, 20 mm": lambda: answer(Click((50, 190, 250), reach_mm=20.0), 1, scene),
        "click, 30 mm": lambda: answer(Click((50, 190, 250), reach_mm=30.0), 1, scene),
        "scribble of 70 mm, 10 mm": lambda: answer(Scribble(line, reach_mm=10.0), 1, scene),
        "box of 35 mm": lambda: answer(BoxPrompt((43, 57, 180, 230, 180, 230)), 1, scene),
        "box on a slice": lambda: answer(BoxPrompt((50, 51, 140, 360, 140, 360)), 1, scene),
        "smooth a class": lambda: smooth(labels, 1, BIG_SPACING, 1.0),
    }
    speed = {name: quantiles([timed(job) for _ in range(7)]) for name, job in jobs.items()}
    print_table([["512 × 512 × 100", "median (s)", "slowest"]] + [
        [name, f"{q['p50']:.3f}", f"{q['max']:.3f}"] for name, q in speed.items()])  # fmt: skip
    slowest = max(q["max"] for q in speed.values())
    say(slowest < FAST_S, f"every prompt is answered within {FAST_S} s: {slowest:.2f} s")
    return speed


def timed(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
