"""A change of labels that is ready to become one row of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_salient.project.edits import Box, box_slices, diff_box

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Relabelling(NamedTuple):
    """New labels of a box, the smallest around all voxels that change.

    Parameters
    ----------
    box
        Where, in the volume.
    labels : uint8 array, of the size of `box`
        All labels in it, those that stay included. Shares no memory with the labels it came from.
    """

    box: Box
    labels: NDArray[np.uint8]


def relabelled(
    labels: NDArray[np.uint8], where: NDArray[np.bool_], value: int, box: Box
) -> Relabelling | None:
    """Return the change that gives some voxels a value; `None` where they all have it already.

    Parameters
    ----------
    labels : uint8 array
        The labels in `box`; they stay as they are.
    where : bool array, same shape
        The voxels.
    value
        Their new label.
    box
        The place of `labels` in the volume.
    """
    return difference(labels, np.where(where, np.uint8(value), labels), box)


def difference(before: NDArray[np.uint8], after: NDArray[np.uint8], box: Box) -> Relabelling | None:
    """Return the change from `before` to `after`, both the labels in `box`; `None` without one."""
    inner = diff_box(before, after)
    if inner is None:
        return None
    return Relabelling(shifted(inner, *box[::2]), after[box_slices(inner)].copy())


def shifted(box: Box, z: int, y: int, x: int) -> Box:
    """Return the box moved by so many voxels."""
    z0, z1, y0, y1, x0, x1 = box
    return z0 + z, z1 + z, y0 + y, y1 + y, x0 + x, x1 + x


def whole(labels: NDArray[np.uint8]) -> Box:
    """Return the box that holds all of `labels` ``(z, y, x)``."""
    z, y, x = labels.shape
    return 0, z, 0, y, 0, x
