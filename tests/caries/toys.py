"""Small grids, evidence and models that the tests of this folder share."""

from __future__ import annotations

import numpy as np

from napari_salient.caries.evidence import Evidence
from napari_salient.caries.spec import CariesSpec
from napari_salient.data.patch_grid import PatchGrid

SPEC = CariesSpec("tiny", 4, 1, ("caries",), window=2, attention_width=8)
GRID = PatchGrid(40, 48, 10, 12, window=4, stride=4)
"""Patches that lie side by side."""

OVERLAPPING = PatchGrid(40, 48, 9, 11, window=8, stride=4)


def make_evidence(seed: int = 0, grid: PatchGrid = GRID, classes: int = 1) -> Evidence:
    """Return random evidence for a grid."""
    rng = np.random.default_rng(seed)
    return Evidence(rng.random((len(grid), classes)), rng.random(len(grid)), 1.0)


def quiet_evidence(lesions: dict[tuple[int, int], float], grid: PatchGrid = GRID) -> Evidence:
    """Return evidence of some patches, by row and column, with a prediction; of others nothing."""
    probability, weight = np.full((len(grid), 1), 0.02), np.full(len(grid), 0.001)
    for (row, column), value in lesions.items():
        patch = row * grid.columns + column
        probability[patch], weight[patch] = value, 1
    return Evidence(probability, weight, 1.0)


def rectangle(grid: PatchGrid, top: int, left: int, bottom: int, right: int) -> np.ndarray:
    """Return a mask of the grid's image that is true in a rectangle of pixels."""
    mask = np.zeros((grid.height, grid.width), bool)
    mask[top:bottom, left:right] = True
    return mask
