"""What painted regions and masks of lesions teach about patches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_salient.data.patch_grid import PatchGrid

LEAST_LESION = 0.25
"""Share of a patch from which a lesion makes it positive.

With any smaller share it would do so far beyond its border, and blobs would grow.
"""

MOST_EXCLUDED = 0.5
"""Share of a patch from which an excluded region asks for no attention to it."""

TIE = 1 - 1e-9
"""Overlaps that differ by less, relatively, are the same."""


@dataclass(frozen=True, eq=False)
class PatchTargets:
    """What is known of the patches of an image, as weights in [0, 1]; 0 where nothing is.

    Parameters
    ----------
    positive : float32 array, shape (patch, lesion class)
        Shows such a lesion, and is to be attended to.
    negative : float32 array, shape (patch, lesion class)
        Does not.
    avoided : float32 array, shape (patch,)
        Is not to be attended to.
    """

    positive: NDArray[np.float32]
    negative: NDArray[np.float32]
    avoided: NDArray[np.float32]


def patch_targets(
    grid: PatchGrid,
    lesions: NDArray[Any],
    *,
    examined: NDArray[np.bool_] | None = None,
    excluded: NDArray[np.bool_] | None = None,
    confidence: NDArray[np.floating] | None = None,
) -> PatchTargets:
    """Turn regions of an image into targets for its patches.

    A patch is positive if a lesion covers a quarter of it, or overlaps it best of all patches. It
    is negative if it is not positive and was examined in all its parts; a part of a lesion in it
    makes it count less. Of all other patches nothing is known.

    Parameters
    ----------
    grid
        Where the patches lie.
    lesions : array, shape (lesion class, row, column)
        True where a lesion is, or how sure a model is of that, in [0, 1]; from 0.5 on a pixel
        belongs to a lesion.
    examined : bool array, shape (row, column), optional
        Where somebody has looked at everything.
    excluded : bool array, shape (row, column), optional
        What is not to be used.
    confidence : float array, shape (row, column), optional
        In [0, 1], how far whoever drew the regions is trusted; fully if not given.
    """
    trust = np.ones(lesions.shape[1:]) if confidence is None else confidence
    known = np.zeros(len(grid)) if examined is None else grid.coverage(examined) == 1
    positive, negative = np.zeros((2, len(grid), len(lesions)), np.float32)
    for index, lesion in enumerate(lesions):
        extent = lesion >= 0.5
        covered = grid.coverage(extent)
        chosen = covered >= LEAST_LESION
        chosen[list(_best_patches(grid, extent))] = True
        surely = grid.coverage(lesion * extent * trust)
        positive[chosen, index] = surely[chosen] / covered[chosen]
        negative[:, index] = known * ~chosen * grid.coverage((1 - lesion) * trust)
    avoided = np.zeros(len(grid), np.float32)
    if excluded is not None:
        covered = grid.coverage(excluded)
        most = (covered >= MOST_EXCLUDED) & ~positive.any(axis=1)
        avoided[most] = grid.coverage(excluded * trust)[most] / covered[most]
    return PatchTargets(positive, negative, avoided)


def _best_patches(grid: PatchGrid, extent: NDArray[np.bool_]) -> Iterator[int]:
    """Yield for each lesion the patch it overlaps most; of several, the one centred best."""
    parts, _ = ndimage.label(extent, np.ones((3, 3)))
    centres = (grid.boxes[:, :2] + grid.boxes[:, 2:]) / 2
    for number, place in enumerate(ndimage.find_objects(parts), start=1):
        lesion = parts[place] == number
        corner = (place[0].start, place[1].start)
        overlap = grid.covered_area(lesion, corner)
        if overlap.max() > 0:
            best = np.flatnonzero(overlap >= overlap.max() * TIE)
            middle = np.argwhere(lesion).mean(0) + 0.5 + corner
            yield int(best[np.linalg.norm(centres[best] - middle, axis=1).argmin()])
