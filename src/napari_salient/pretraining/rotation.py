"""Rotation: say by how much a view was turned."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from napari_salient.pretraining.classification import Classification
from napari_salient.pretraining.proxy import Example, Picture

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from napari_salient.pretraining.geometry import Geometry

LEAST_SIDE = 8


@dataclass(frozen=True)
class Turn:
    """Quarter turns from the first of two axes towards the second; none is no turn at all."""

    first: int
    second: int
    quarters: int


@dataclass(frozen=True)
class RotationDraw:
    """Which of the turns it is."""

    label: int


class Rotation(Classification[RotationDraw]):
    """Ten turns in 3D, four in 2D, fewer where voxels are longer along some axes than others.

    N. Komodakis and S. Gidaris, ICLR 2018; in 3D, Taleb et al., NeurIPS 2020. A quarter turn of
    anisotropic voxels would show by the stretched anatomy, so only half turns remain there. What is
    turned lies inside the volume and keeps its sides.

    Raises
    ------
    InputError
        If the smallest volume has a side of less than 8 voxels.
    """

    views = 1

    def __init__(self, geometry: Geometry) -> None:
        super().__init__(geometry, geometry.turnable_sides)
        geometry.require((LEAST_SIDE,) * geometry.spatial_dims, "rotation")
        self.turns = turns(geometry)
        possible = 1 + 3 * len(list(itertools.combinations(range(geometry.spatial_dims), 2)))
        if len(self.turns) < possible:
            self.notes = (
                f"Voxels are not equally long along {', '.join(geometry.axes)}, so only "
                f"{len(self.turns)} of {possible} rotations are used: those that keep the spacing.",
            )

    @property
    def classes(self) -> int:
        """One for each turn, no turn among them."""
        return len(self.turns)

    def draw(self, rng: np.random.Generator) -> RotationDraw:
        """Draw one of the turns, all with equal chance."""
        return RotationDraw(int(rng.integers(len(self.turns))))

    def apply(self, windows: Tensor, draw: RotationDraw) -> Example:
        """Turn the view."""
        turned = turn(windows[0], self.turns[draw.label])
        return {"views": turned[None], "label": torch.tensor(draw.label)}

    def preview(self, draw: RotationDraw, example: Example) -> list[Picture]:
        """Return the turned view."""
        chosen = self.turns[draw.label]
        axes = self.geometry.axes
        words = "not turned"
        if chosen.quarters:
            plane = f"{axes[chosen.first]}, {axes[chosen.second]}"
            words = f"turned by {90 * chosen.quarters}° in the plane ({plane})"
        return [Picture(words, example["views"][0].numpy(), (0,) * self.geometry.spatial_dims)]


def turns(geometry: Geometry) -> tuple[Turn, ...]:
    """Return the turns under which the spacing stays what it is, no turn first."""
    pairs = itertools.combinations(range(geometry.spatial_dims), 2)
    return (
        Turn(0, 1, 0),
        *(
            Turn(first, second, quarters)
            for first, second in pairs
            for quarters in ((1, 2, 3) if geometry.alike(first, second) else (2,))
        ),
    )


def turn(view: Tensor, by: Turn) -> Tensor:
    """Turn a view (channel, *sides)."""
    return torch.rot90(view, by.quarters, (by.first + 1, by.second + 1))
