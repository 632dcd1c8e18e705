"""How far a click reaches by default: about as far as what is labelled is large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.planes import axis_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.data.planes import Plane

SHORTEST_MM, LONGEST_MM = 1.0, 30.0

SHARE = 1 / 16
"""Of the volume's shortest side; taken where nothing of the class is known yet."""


def default_reach_mm(
    drawn: NDArray[np.bool_], plane: Plane, spacing: tuple[float, float, float]
) -> float:
    """Return a reach that suits a class: the radius of a disc as large as it is on a slice.

    Parameters
    ----------
    drawn : bool array, shape (z, y, x)
        Where the class is, as far as anybody or a model has drawn it.
    plane
        Slicing plane; slices without the class do not count, of the others the median.
    spacing
        Edges of a voxel along (z, y, x) in mm.

    Returns
    -------
    float
        In half millimetres, 1 to 30 mm, and never less than two voxels within the slice.
    """
    axis = axis_of(plane)
    within = [edge for other, edge in enumerate(spacing) if other != axis]
    counts = drawn.sum(axis=tuple(other for other in range(3) if other != axis))
    if counts.any():
        reach = np.sqrt(np.median(counts[counts > 0]) * np.prod(within) / np.pi)
    else:
        reach = SHARE * min(size * edge for size, edge in zip(drawn.shape, spacing, strict=True))
    shortest = max(SHORTEST_MM, 2 * max(within))
    return float(np.clip(round(2 * reach) / 2, shortest, max(LONGEST_MM, shortest)))
