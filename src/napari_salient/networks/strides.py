"""How the network on volumes halves them, level by level."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HALVINGS = 3
"""Levels of the network on volumes below the first."""

Strides = tuple[tuple[int, int, int], ...]
"""How much coarser each level is than the one above, along (slice, row, column)."""


def level_strides(spacing: Sequence[float]) -> Strides:
    """Return how to halve volumes level by level so that their voxels become cubes.

    An axis on which voxels are at least twice as long as on the finest is not halved. `spacing` is
    along (slice, row, column).
    """
    strides, edges = [], list(spacing)
    for _ in range(HALVINGS):
        finest = min(edges)
        slices, rows, columns = (2 if edge < 2 * finest else 1 for edge in edges)
        strides.append((slices, rows, columns))
        edges = [edge * step for edge, step in zip(edges, strides[-1], strict=True)]
    return tuple(strides)
