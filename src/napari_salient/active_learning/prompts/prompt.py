"""What a person points at: a click, a box, a scribble, a stroke of the threshold brush."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_salient.errors import InputError

if TYPE_CHECKING:
    from napari_salient.project.edits import Box

Voxel = tuple[int, int, int]
"""A voxel ``(z, y, x)``."""

CLICK_REACH_MM, SCRIBBLE_REACH_MM = 10.0, 5.0
"""A scribble spans the object itself, so it needs to reach less far than a click."""


@dataclass(frozen=True)
class Click:
    """A voxel that belongs to a class, or does not, with what looks like it around it.

    Parameters
    ----------
    voxel
        Where.
    include
        Whether the class is to gain the voxel or to lose it.
    reach_mm
        Nothing farther than this from the voxel changes.
    """

    voxel: Voxel
    include: bool = True
    reach_mm: float = CLICK_REACH_MM

    @property
    def voxels(self) -> tuple[Voxel, ...]:
        """The voxel alone, as a scribble would give it."""
        return (self.voxel,)


@dataclass(frozen=True)
class Scribble:
    """Voxels that belong to a class, or do not, with what looks like them around them.

    Parameters
    ----------
    voxels
        Where; those outside the volume are left out.
    include
        Whether the class is to gain the voxels or to lose them.
    reach_mm
        Nothing farther than this from the nearest of the voxels changes.
    """

    voxels: tuple[Voxel, ...]
    include: bool = True
    reach_mm: float = SCRIBBLE_REACH_MM


@dataclass(frozen=True)
class BoxPrompt:
    """A box drawn around an object, one voxel thick for an object on one slice.

    Parameters
    ----------
    box
        Its ends, the upper ones excluded; what lies outside the volume is left out.
    include
        Whether the class is to gain the object or to lose it.
    """

    box: Box
    include: bool = True


@dataclass(frozen=True)
class BrushStroke:
    """A stroke that paints, or wipes, only where a value lies in a window.

    Parameters
    ----------
    voxels
        What the brush went over; those outside the volume are left out.
    include
        Whether the class is to gain the voxels or to lose them.
    low, high
        The window, both ends included.
    of
        What has to lie in it: the intensity of a channel, or the model's probability of the class.
    channel
        The channel of the image.
    """

    voxels: tuple[Voxel, ...]
    include: bool = True
    low: float = -np.inf
    high: float = np.inf
    of: Literal["intensity", "probability"] = "intensity"
    channel: int = 0


Prompt = Click | Scribble | BoxPrompt | BrushStroke


def voxels_inside(voxels: tuple[Voxel, ...], shape: tuple[int, ...]) -> np.ndarray:
    """Return the voxels that lie in a volume of that shape, as integers ``(voxel, 3)``.

    Raises
    ------
    InputError
        If there are none, or none of them lies inside.
    """
    if not len(voxels):
        raise InputError("The prompt has no voxel; draw at least one.")
    found = np.asarray(voxels, dtype=np.intp).reshape(-1, 3)
    inside = found[((found >= 0) & (found < shape)).all(axis=1)]
    if not len(inside):
        size = " × ".join(map(str, shape))
        raise InputError(
            f"The prompt at {tuple(found[0].tolist())} lies outside the volume of {size} voxels; "
            "put it inside."
        )
    return inside


def box_inside(box: Box, shape: tuple[int, ...]) -> Box:
    """Return the part of a box that lies in a volume of that shape.

    Raises
    ------
    InputError
        If the box holds no voxel, or none of the volume's.
    """
    z0, z1, y0, y1, x0, x1 = box
    if z1 <= z0 or y1 <= y0 or x1 <= x0:
        raise InputError(f"The box {box} holds no voxel; draw a larger one.")
    z0, y0, x0 = max(z0, 0), max(y0, 0), max(x0, 0)
    z1, y1, x1 = min(z1, shape[0]), min(y1, shape[1]), min(x1, shape[2])
    if z1 <= z0 or y1 <= y0 or x1 <= x0:
        size = " × ".join(map(str, shape))
        raise InputError(f"The box {box} lies outside the volume of {size} voxels; put it inside.")
    return z0, z1, y0, y1, x0, x1
