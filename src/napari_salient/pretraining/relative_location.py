"""Relative location: say where a piece lies as seen from the one in the centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from napari_salient.pretraining.classification import Classification
from napari_salient.pretraining.grid import Grid
from napari_salient.pretraining.proxy import Example, Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_salient.pretraining.geometry import Geometry
    from napari_salient.pretraining.settings import RelativeLocationSettings

CELLS = 3
"""Along each axis."""


@dataclass(frozen=True, eq=False)
class LocationDraw:
    """Which neighbour it is, and where both pieces lie in their cells (piece, axis), in voxels."""

    label: int
    offsets: NDArray[np.int64]


class RelativeLocation(Classification[LocationDraw]):
    """The centre of a grid and one of its 8 neighbours in 2D, 26 in 3D.

    C. Doersch et al., ICCV 2015; in 3D, Taleb et al., NeurIPS 2020.

    Raises
    ------
    InputError
        If the smallest volume is too small for the grid.
    """

    views = 2

    def __init__(self, geometry: Geometry, settings: RelativeLocationSettings) -> None:
        self.grid = Grid.of(geometry, CELLS, settings.jitter, "relative location")
        super().__init__(geometry, self.grid.sides)
        self.centre = (CELLS // 2,) * geometry.spatial_dims
        self.neighbours = tuple(cell for cell in self.grid.cells if cell != self.centre)

    @property
    def classes(self) -> int:
        """One for each neighbour."""
        return len(self.neighbours)

    def draw(self, rng: np.random.Generator) -> LocationDraw:
        """Draw a neighbour and the places of both pieces."""
        return LocationDraw(int(rng.integers(self.classes)), self.grid.draw_offsets(2, rng))

    def apply(self, windows: Tensor, draw: LocationDraw) -> Example:
        """Cut out the centre and the neighbour."""
        cells = (self.centre, self.neighbours[draw.label])
        pieces = self.grid.cut(windows[0], cells, draw.offsets)
        return {"views": pieces, "label": torch.tensor(draw.label)}

    def offset(self, label: int) -> tuple[int, ...]:
        """Return the step from the centre to a neighbour along each axis: -1, 0 or 1."""
        return tuple(index - CELLS // 2 for index in self.neighbours[label])

    def words(self, label: int) -> str:
        """Say where a neighbour lies."""
        pairs = zip(self.offset(label), self.geometry.directions, strict=True)
        return ", ".join(words[step > 0] for step, words in pairs if step)

    def preview(self, draw: LocationDraw, example: Example) -> list[Picture]:
        """Return the centre and the neighbour, each at its place."""
        centre, neighbour = (view.numpy() for view in example["views"])
        return [
            Picture("the centre", centre, self.centre),
            Picture(self.words(draw.label), neighbour, self.neighbours[draw.label]),
        ]
