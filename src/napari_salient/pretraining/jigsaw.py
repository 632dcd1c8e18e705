"""Jigsaw: say in which order the pieces of a view were laid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from napari_salient.errors import InputError
from napari_salient.pretraining.classification import Classification
from napari_salient.pretraining.grid import Grid
from napari_salient.pretraining.permutations import CANDIDATES, distant_permutations
from napari_salient.pretraining.proxy import Example, Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_salient.pretraining.geometry import Geometry
    from napari_salient.pretraining.settings import JigsawSettings

CELLS = 3
"""Along each axis."""

SET_SEED = 0
"""Of the set of orders, which is thus the same in every run."""


@dataclass(frozen=True, eq=False)
class JigsawDraw:
    """Which order it is, and where each piece lies in its cell (piece, axis), in voxels."""

    label: int
    offsets: NDArray[np.int64]


class Jigsaw(Classification[JigsawDraw]):
    """The pieces of a 3 x 3 (x 3) grid in one of a set of orders that differ widely.

    M. Noroozi and P. Favaro, ECCV 2016; in 3D, Taleb et al., NeurIPS 2020.

    Raises
    ------
    InputError
        If the smallest volume is too small for the grid, or so many orders do not exist.
    """

    def __init__(self, geometry: Geometry, settings: JigsawSettings) -> None:
        self.grid = Grid.of(geometry, CELLS, settings.jitter, "jigsaw")
        super().__init__(geometry, self.grid.sides)
        self.views = len(self.grid.cells)
        most = min(CANDIDATES // 2, math.factorial(self.views) - 1)
        if not 2 <= settings.permutations <= most:
            raise InputError(f"A jigsaw has between 2 and {most} permutations; choose as many.")
        self.orders = distant_permutations(self.views, settings.permutations, SET_SEED)

    @property
    def classes(self) -> int:
        """One for each order."""
        return len(self.orders)

    def draw(self, rng: np.random.Generator) -> JigsawDraw:
        """Draw an order and the places of the pieces."""
        label = int(rng.integers(len(self.orders)))
        return JigsawDraw(label, self.grid.draw_offsets(self.views, rng))

    def apply(self, windows: Tensor, draw: JigsawDraw) -> Example:
        """Lay the pieces in the order drawn."""
        pieces = self.grid.cut(windows[0], self.grid.cells, draw.offsets)
        order = torch.from_numpy(self.orders[draw.label])
        return {"views": pieces[order], "label": torch.tensor(draw.label)}

    def preview(self, draw: JigsawDraw, example: Example) -> list[Picture]:
        """Return the pieces where they were laid."""
        order, cells = self.orders[draw.label], self.grid.cells
        return [
            Picture(f"piece {piece + 1} at place {place + 1}", view.numpy(), cells[place])
            for place, (piece, view) in enumerate(zip(order, example["views"], strict=True))
        ]
