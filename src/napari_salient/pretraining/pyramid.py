"""Which pieces of a grid predict which others in contrastive predictive coding."""

from __future__ import annotations

import itertools
from dataclasses import dataclass


@dataclass(frozen=True)
class Pyramid:
    """For each column along the first axis, its context and what lies further down.

    Parameters
    ----------
    context : tuple of tuples of cells
        An inverted pyramid for each column: wide at the top, one cell at its lower end.
    predicted : tuple of tuples of cells
        The cells of the same column below the context.
    """

    context: tuple[tuple[tuple[int, ...], ...], ...]
    predicted: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def cells(self) -> tuple[tuple[int, ...], ...]:
        """All cells that have a role, in the order of the grid."""
        columns = itertools.chain(self.context, self.predicted)
        return tuple(sorted(set(itertools.chain.from_iterable(columns))))


def pyramid(count: int, spatial_dims: int, skipped: int) -> Pyramid:
    """Return the roles of the cells of a grid with `count` cells along each axis.

    The context ends at layer ``count // 2 - 1``, of which it has the column's own cell; of each
    layer above it has one cell more on every side, mirrored at the border. Then some layers are
    skipped, and the rest of the column is to be predicted.
    """
    end = count // 2 - 1
    columns = list(itertools.product(range(count), repeat=spatial_dims - 1))
    context = tuple(
        tuple(
            (layer, *mirrored)
            for layer in range(end + 1)
            for mirrored in _around(column, end - layer, count)
        )
        for column in columns
    )
    below = range(end + 1 + skipped, count)
    return Pyramid(context, tuple(tuple((layer, *c) for layer in below) for c in columns))


def _around(column: tuple[int, ...], radius: int, count: int) -> list[tuple[int, ...]]:
    reach = range(-radius, radius + 1)
    shifts = itertools.product(reach, repeat=len(column))
    return [
        tuple(_mirror(index + by, count) for index, by in zip(column, shift, strict=True))
        for shift in shifts
    ]


def _mirror(index: int, count: int) -> int:
    """Reflect an index that lies beyond the first or the last cell."""
    return (count - 1) - abs((count - 1) - abs(index))
