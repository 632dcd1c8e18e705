"""What the mouse draws on a slice, as voxels of the volume."""

from __future__ import annotations

import enum
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_salient.project.edits import Box

    Voxel = tuple[int, int, int]


class Tool(enum.Enum):
    """The prompts that the mouse gives, by what their buttons say."""

    CLICK = "Click"
    SCRIBBLE = "Scribble"
    BOX = "Box"
    BRUSH = "Threshold"


class Gesture(NamedTuple):
    """A press of the mouse, what it drew up to its release, and whether that is to be included.

    Parameters
    ----------
    path
        Voxels under the mouse, at least one; some may lie outside the volume.
    across
        The axis that the viewer does not show.
    include
        Whether the class is to gain or to lose.
    """

    path: tuple[Voxel, ...]
    across: int
    include: bool


def line(path: Sequence[Voxel]) -> tuple[Voxel, ...]:
    """Return the path without gaps: the mouse skips voxels when it moves fast."""
    pieces = [np.asarray(path[:1])]
    for start, end in pairwise(path):
        steps = int(np.abs(np.subtract(end, start)).max())
        pieces.append(np.rint(np.linspace(start, end, steps + 1)[1:]).astype(np.intp))
    return _voxels(np.concatenate(pieces))


def box(path: Sequence[Voxel], across: int) -> Box:
    """Return the box with the first and the last voxel in opposite corners, one slice thick.

    Without a width or a height it is empty: nobody draws a box around one row of voxels.
    """
    ends: list[int] = []
    for axis, (one, other) in enumerate(zip(path[0], path[-1], strict=True)):
        empty = axis != across and one == other
        ends += [min(one, other), max(one, other) + (0 if empty else 1)]
    return ends[0], ends[1], ends[2], ends[3], ends[4], ends[5]


def brushed(
    path: Sequence[Voxel], across: int, radius_mm: float, spacing: Sequence[float]
) -> tuple[Voxel, ...]:
    """Return the voxels within a radius of the path, on its slice."""
    edges = np.asarray(spacing, dtype=float)
    steps = np.floor(radius_mm / edges).astype(np.intp)
    steps[across] = 0
    offsets = np.stack(np.meshgrid(*(np.arange(-s, s + 1) for s in steps), indexing="ij"), -1)
    offsets = offsets.reshape(-1, 3)
    disc = offsets[np.hypot.reduce(offsets * edges, axis=1) <= radius_mm]
    centres = np.asarray(line(path))
    return _voxels((centres[:, None] + disc).reshape(-1, 3))


def _voxels(found: NDArray[np.intp]) -> tuple[Voxel, ...]:
    return tuple((z, y, x) for z, y, x in np.unique(found, axis=0).tolist())
