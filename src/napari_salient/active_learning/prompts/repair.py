"""Repairs of a whole class as requests, so that they can be asked for, locked and named alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.prompts.islands import drop_small, fill_holes, keep_largest
from napari_salient.active_learning.prompts.relabelling import Relabelling, difference
from napari_salient.active_learning.prompts.smoothing import smooth
from napari_salient.project.edits import box_slices

if TYPE_CHECKING:
    from napari_salient.active_learning.prompts.scene import Scene
    from napari_salient.data.planes import Plane


@dataclass(frozen=True)
class Smooth:
    """Smooth the outline by a blur of that standard deviation, in mm; see `smooth`."""

    sigma_mm: float


@dataclass(frozen=True)
class LargestPart:
    """Keep the largest part; see `keep_largest`."""


@dataclass(frozen=True)
class Islands:
    """Drop the parts smaller than that, in mm³; see `drop_small`."""

    volume_mm3: float


@dataclass(frozen=True)
class Holes:
    """Fill what is enclosed on each slice of a plane, or in 3D; see `fill_holes`."""

    plane: Plane | None = None


Repair = Smooth | LargestPart | Islands | Holes


def repaired(repair: Repair, value: int, scene: Scene) -> Relabelling | None:
    """Return how a repair of a class changes the labels where they are not locked.

    Parts and holes are those of the whole volume, locked or not.

    Raises
    ------
    InputError
        If there is no such class, no voxel has it, or a size is none.
    """
    scene.check_class(value)
    found = _repaired(repair, value, scene)
    if found is None or scene.locked is None:
        return found
    part = box_slices(found.box)
    before = scene.labels[part]
    locked = np.broadcast_to(scene.locked, scene.labels.shape)[part]
    return difference(before, np.where(locked, before, found.labels), found.box)


def _repaired(repair: Repair, value: int, scene: Scene) -> Relabelling | None:
    match repair:
        case Smooth():
            return smooth(scene.labels, value, scene.spacing, repair.sigma_mm)
        case LargestPart():
            return keep_largest(scene.labels, value)
        case Islands():
            return drop_small(scene.labels, value, scene.spacing, repair.volume_mm3)
        case Holes():
            return fill_holes(scene.labels, value, repair.plane)
