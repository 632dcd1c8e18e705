"""What can be cut out of every volume of a pool, and along which axes it may be turned."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_salient.data.planes import Plane, plane_first
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_salient.pretraining.settings import PretrainingSettings

EQUAL = 1.05
"""Voxel edges that differ by less than this factor count as equal."""

DIRECTIONS = (("above", "below"), ("in front", "behind"), ("on the right", "on the left"))
"""Where lower and higher indices lie along (z, y, x)."""


@dataclass(frozen=True)
class Geometry:
    """What all volumes of a pool have in common, along (slice, row, column).

    Parameters
    ----------
    spatial_dims
        2 for views that are slices with their neighbours as channels, 3 for parts of volumes.
    plane
        The slicing plane.
    depth
        Slices in a 2D view.
    least : tuple of int
        Voxels that every volume has along each axis.
    spacings : tuple of tuples of float
        The different voxel edges that occur, in mm.
    crop
        Longest side of a view.
    """

    spatial_dims: Literal[2, 3]
    plane: Plane
    depth: int
    least: tuple[int, int, int]
    spacings: tuple[tuple[float, float, float], ...]
    crop: int

    @classmethod
    def of(
        cls,
        settings: PretrainingSettings,
        shapes: Sequence[tuple[int, int, int]],
        spacings: Sequence[tuple[float, float, float]],
    ) -> Geometry:
        """Derive the geometry from the volumes' shapes and voxel edges along (z, y, x).

        Raises
        ------
        InputError
            If a volume has fewer slices than a 2D view.
        """
        depth = 2 * settings.context + 1 if settings.spatial_dims == 2 else 1
        z, y, x = (min(sides) for sides in zip(*shapes, strict=True))
        least = plane_first((z, y, x), settings.plane)
        if least[0] < depth:
            raise InputError(
                f"A volume has only {least[0]} {settings.plane} slices and a view takes {depth}; "
                "choose another plane, less context, or leave the volume out."
            )
        edges = {plane_first(spacing, settings.plane) for spacing in spacings}
        dims, plane = settings.spatial_dims, settings.plane
        return cls(dims, plane, depth, least, tuple(sorted(edges)), settings.crop)

    @property
    def sides(self) -> tuple[int, ...]:
        """The largest view that can be cut out of every volume, along its own axes."""
        return tuple(min(side, self.crop) for side in self.least[-self.spatial_dims :])

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of a view's axes."""
        return plane_first(("z", "y", "x"), self.plane)[-self.spatial_dims :]

    @property
    def directions(self) -> tuple[tuple[str, str], ...]:
        """In words, where lower and higher indices lie along each of a view's axes."""
        return plane_first(DIRECTIONS, self.plane)[-self.spatial_dims :]

    def alike(self, first: int, second: int) -> bool:
        """Tell whether voxels are as long along one of a view's axes as along another, always."""
        edges = np.array(self.spacings)[:, -self.spatial_dims :]
        ratio = edges[:, first] / edges[:, second]
        return bool((ratio < EQUAL).all() and (ratio > 1 / EQUAL).all())

    @property
    def turnable(self) -> tuple[tuple[int, int], ...]:
        """The pairs of a view's axes between which it may be turned by any angle."""
        pairs = itertools.combinations(range(self.spatial_dims), 2)
        return tuple(pair for pair in pairs if self.alike(*pair))

    @property
    def turnable_sides(self) -> tuple[int, ...]:
        """The largest view that keeps its sides when it is turned."""
        axes = {axis for pair in self.turnable for axis in pair}
        least = min((self.sides[axis] for axis in axes), default=0)
        return tuple(least if n in axes else side for n, side in enumerate(self.sides))

    def window(self, sides: Sequence[int]) -> tuple[int, int, int]:
        """Return what to cut out of a volume along (slice, row, column) for a view of `sides`."""
        whole = (self.depth, *sides) if self.spatial_dims == 2 else tuple(sides)
        slices, rows, columns = whole
        return slices, rows, columns

    def require(self, sides: Sequence[int], purpose: str) -> None:
        """Refuse volumes that are too small.

        Raises
        ------
        InputError
            If some volume is smaller than `sides`; it says the least size.
        """
        if any(have < need for have, need in zip(self.sides, sides, strict=True)):
            needed, have = (" x ".join(map(str, size)) for size in (sides, self.sides))
            raise InputError(
                f"The smallest volume gives views of {have} voxels ({', '.join(self.axes)}) and "
                f"{purpose} takes at least {needed}; leave out small volumes or take another task."
            )
