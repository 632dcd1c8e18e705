"""What the corrected uncertainty scores change against the formulas of the published framework.

``python benchmarks/legacy_scores.py``: a network trained on 48 random slices of the hippocampus
volumes scores the pool with both; each score then chooses a batch. Minutes. The formulas are those
of Burmeister et al.'s framework: sums over the slice padded to its batch, small for uncertain ones.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from napari_salient.active_learning.doubt import class_distances, distance, entropy
from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.simulation.experiment import initial_slices
from napari_salient.data.planes import axis_of
from support.segmenter import train_segmenter

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus"
OURS = "entropy, mean over the slice"


def legacy_entropy(logits: Tensor) -> Tensor:
    """Return the framework's "entropy" of a pixel, of the distances to a tie."""
    away = class_distances(logits).clamp(min=1e-10)
    return -(away * away.log()).sum(1)


PIXELS: dict[str, tuple[int, Callable[[Tensor], Tensor]]] = {
    OURS: (1, entropy),
    "distance, mean over the slice": (1, distance),
    "framework: distance": (-1, lambda logits: class_distances(logits).sum(1)),
    "framework: distance without background": (
        -1,
        lambda logits: class_distances(logits)[:, 1:].sum(1),
    ),
    "framework: entropy": (-1, legacy_entropy),
}
"""Whether more of it means less sure, and its value for each pixel of logits."""


def main() -> int:
    given = parse_arguments()
    cohort = Cohort.read(given.data / "images", given.data / "labels", given.plane, 5)
    torch.set_num_threads(1)
    rows = [row for seed in range(given.seeds) for row in measure(cohort, seed, given)]
    result = {name: mean_row([r for r in rows if r["score"] == name]) for name in PIXELS}
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps({"rows": rows, "means": result}, indent=1) + "\n")
    print(f"{'score':40} rank correlation   empty slices   volumes of {given.batch} slices")
    for name, row in result.items():
        print(f"{name:40} {row['correlation']:16.2f} {row['empty']:14.0%} {row['volumes']:8.1f}")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with images/ and labels/")
    parser.add_argument("--plane", default="axial")
    parser.add_argument("--labelled", type=int, default=48)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("out/legacy_scores.json"))
    return parser.parse_args()


def measure(cohort: Cohort, seed: int, given: argparse.Namespace) -> list[dict[str, Any]]:
    """Train, score the pool with every formula, and look at the batch that each would choose."""
    settings = SegmentationSettings()
    settings = replace(settings, fit=replace(settings.fit, seed=seed, threads=1, device="cpu"))
    labelled = initial_slices(cohort, seed, given.labelled)
    model, _ = train_segmenter(cohort, labelled, settings)
    case, empty, scores = score_pool(cohort, model)
    rows = []
    for name, values in scores.items():
        chosen = np.argsort(values, kind="stable")[::-1][: given.batch]
        rows.append(
            {
                "seed": seed,
                "score": name,
                "correlation": float(spearmanr(values, scores[OURS]).statistic),
                "empty": float(empty[chosen].mean()),
                "volumes": len(np.unique(case[chosen])),
            }
        )
    return rows


def score_pool(cohort: Cohort, model: Any) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return each slice's case, whether its truth is empty, and its scores, larger for less sure.

    The framework pads a slice to the largest of its batch, here to the largest of the pool; a pixel
    beyond the slice counts as one that the network is sure is background.
    """
    axis = axis_of(cohort.plane)
    volumes = {c: np.moveaxis(cohort.truth(c), axis, 0) for c in cohort.pool}
    size = max(v.shape[1] for v in volumes.values()) * max(v.shape[2] for v in volumes.values())
    classes = len(cohort.label_values)
    sure = torch.tensor([40.0] + [-40.0] * (classes - 1)).reshape(1, classes, 1, 1)
    case, empty = [], []
    columns: dict[str, list[np.ndarray]] = {name: [] for name in PIXELS}
    for number, truth in volumes.items():
        case += [number] * len(truth)
        empty += [not labels.any() for labels in truth]
        padded = size - truth[0].size
        for output in model.slice_outputs(cohort.image(number), range(len(truth))):
            for name, (sign, pixel) in PIXELS.items():
                value = pixel(output.logits)
                total = value.mean((1, 2)) if sign > 0 else value.sum((1, 2)) + padded * pixel(sure)
                columns[name].append(sign * total.reshape(-1).cpu().numpy())
    scores = {name: np.concatenate(values) for name, values in columns.items()}
    return np.array(case), np.array(empty), scores


def mean_row(rows: list[dict[str, Any]]) -> dict[str, float]:
    return {
        key: float(np.mean([row[key] for row in rows]))
        for key in ("correlation", "empty", "volumes")
    }


if __name__ == "__main__":
    sys.exit(main())
