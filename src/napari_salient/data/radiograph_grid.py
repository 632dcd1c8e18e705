"""A radiograph as the grid of one slice, so that its labels are kept as those of a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.radiographs import read_radiograph
from napari_salient.data.volumes import VolumeHeader

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.data.radiographs import Radiograph

UNKNOWN_SPACING = (1.0, 1.0)
"""Of pixels whose size the file does not say."""


def read_grid(path: Path) -> VolumeHeader:
    """Return the grid of a radiograph; see `grid_of`.

    Raises
    ------
    InputError
        As `radiographs.read_radiograph`.
    """
    return grid_of(read_radiograph(path))


def grid_of(radiograph: Radiograph) -> VolumeHeader:
    """Return what the labels of a radiograph are kept on: one slice, 1 mm thick.

    Pixels are taken as 1 mm where their size is unknown. The first row is on top and the first
    column on the left, as in the file.
    """
    height, width = radiograph.shape
    row, column = radiograph.spacing or UNKNOWN_SPACING
    affine = np.diag([-column, -row, -1.0, 1.0])
    affine.setflags(write=False)
    return VolumeHeader(
        path=radiograph.path,
        shape=(1, height, width),
        channels=len(radiograph.image),
        spacing=(1.0, row, column),
        dtype=radiograph.image.dtype.name,
        axes="LPI",
        affine=affine,
        source_shape=(width, height, 1),
    )
