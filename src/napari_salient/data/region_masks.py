"""Regions as masks of any scale, and masks as regions along the edges of pixels."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_salient.data.regions import Point, Polygon, Region, Ring

RIGHT_TURN, LEFT_TURN = 1, -1
STEPS = np.array([(0, 1), (1, 0), (0, -1), (-1, 0)])
"""Where an edge leads, ``(row, column)``: right, down, left, up; inside is always to its right."""


def rasterise(
    polygons: Iterable[Polygon], shape: tuple[int, int], scale: float = 1
) -> NDArray[np.bool_]:
    """Return which pixels have their middle inside polygons.

    Parameters
    ----------
    polygons
        In pixels of the image at full resolution.
    shape
        Rows and columns of the mask.
    scale
        Pixels of the image for one of the mask, such as 32 for an overview of a slide.

    Returns
    -------
    bool array of `shape`
        What is outside of the mask is cut off.
    """
    mask = np.zeros(shape, np.bool_)
    for polygon in polygons:
        window, inside = _filled(polygon, shape, scale)
        mask[window] |= inside
    return mask


def weights(regions: Iterable[Region], shape: tuple[int, int], scale: float = 1) -> np.ndarray:
    """Return the highest weight of the regions that cover each pixel; 0 where none does.

    Returns
    -------
    float32 array of `shape`
    """
    highest = np.zeros(shape, np.float32)
    for region in regions:
        for polygon in region.polygons:
            window, inside = _filled(polygon, shape, scale)
            np.maximum(highest[window], inside * np.float32(region.weight), out=highest[window])
    return highest


def polygons_of(mask: NDArray[np.bool_], scale: float = 1) -> tuple[Polygon, ...]:
    """Return the areas of a mask, outlined along the edges of its pixels, holes included.

    Pixels that touch at a corner alone are two areas. `rasterise` returns the very same mask.

    Parameters
    ----------
    mask
        Bool array of two axes.
    scale
        Pixels of the image for one of the mask.
    """
    from scipy.ndimage import label

    areas, count = label(mask)
    polygons: list[list[Ring]] = [[] for _ in range(count)]
    for ring in _rings(np.asarray(mask, np.bool_)):
        row, column = _pixel_beside(ring)
        outlined: Ring = tuple((float(x * scale), float(y * scale)) for y, x in ring)
        rings = polygons[areas[row, column] - 1]
        rings.insert(0 if _turns_right(outlined) else len(rings), outlined)
    return tuple(tuple(rings) for rings in polygons)


def _filled(
    polygon: Polygon, shape: tuple[int, int], scale: float
) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """Return the window of the mask that a polygon lies in, and what is inside within it.

    Every edge flips what is right of it, so that an odd number of flips is inside.
    """
    starts = np.concatenate([np.array(ring, float) for ring in polygon]) / scale
    ends = np.concatenate([np.roll(np.array(ring, float), -1, axis=0) for ring in polygon]) / scale
    low = np.clip(np.floor(starts.min(0)), 0, shape[::-1]).astype(int)
    high = np.clip(np.ceil(starts.max(0)), low, shape[::-1]).astype(int)
    (width, height), (left, top) = high - low, low
    rows, columns = _crossings(starts - low, ends - low, height)
    places = rows * (width + 1) + np.clip(columns, 0, width)
    flips = np.bincount(places, minlength=height * (width + 1)).reshape(height, width + 1)
    inside = np.cumsum(flips[:, :width], axis=1) % 2 == 1
    return (slice(top, top + height), slice(left, left + width)), inside


def _crossings(
    starts: np.ndarray, ends: np.ndarray, height: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each row whose middle an edge crosses, and the first pixel to the right of it."""
    (x, y), (to_x, to_y) = starts.T, ends.T
    first, end = (
        np.clip(np.ceil(limit(y, to_y) - 0.5), 0, height).astype(int)
        for limit in (np.minimum, np.maximum)
    )
    counts = end - first
    edge = np.repeat(np.arange(len(x)), counts)
    rows = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts - first, counts)
    slope = (to_x[edge] - x[edge]) / (to_y[edge] - y[edge])
    crossed = x[edge] + (rows + 0.5 - y[edge]) * slope
    return rows, np.ceil(crossed - 0.5).astype(int)


def _rings(mask: NDArray[np.bool_]) -> Iterator[list[tuple[int, int]]]:
    """Yield closed ways ``(row, column)`` along pixel edges that visit no corner twice."""
    corners, directions = _edges(mask)
    following = _following(corners, directions, mask.shape[1] + 1)
    ways = np.column_stack(np.divmod(corners, mask.shape[1] + 1))
    unseen = np.ones(len(corners), bool)
    for start in range(len(corners)):
        if unseen[start]:
            way = _walk(following, start)
            unseen[way] = False
            turned = directions[way] != directions[np.roll(way, 1)]
            yield from _without_pinches([(y, x) for y, x in ways[way][turned].tolist()])


def _edges(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each pixel edge between inside and outside starts, and its direction.

    Corners are numbered row by row, one more a row than there are pixels.
    """
    across = np.diff(np.pad(mask, ((1, 1), (0, 0))).astype(np.int8), axis=0)
    along = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    found = (
        (np.argwhere(across > 0), (0, 0)),
        (np.argwhere(along < 0), (0, 0)),
        (np.argwhere(across < 0), (0, 1)),
        (np.argwhere(along > 0), (1, 0)),
    )
    numbering = np.array((mask.shape[1] + 1, 1))
    corners = [(place + shift) @ numbering for place, shift in found]
    directions = np.repeat(np.arange(4), [len(corner) for corner in corners])
    return np.concatenate(corners).astype(np.intp), directions


def _following(corners: NDArray[np.intp], directions: NDArray[np.intp], columns: int) -> list[int]:
    """Return for each edge the number of the next one, the sharpest turn to the right if two."""
    keys = corners * 4 + directions
    order = np.argsort(keys)
    ends = corners + STEPS[directions] @ np.array((columns, 1))
    following = np.zeros(len(keys), np.intp)
    for turn in (LEFT_TURN, 0, RIGHT_TURN):
        wanted = ends * 4 + (directions + turn) % 4
        place = np.searchsorted(keys, wanted, sorter=order).clip(max=len(keys) - 1)
        there = order[place] if len(order) else order
        following = np.where(keys[there] == wanted, there, following)
    numbers: list[int] = following.tolist()
    return numbers


def _walk(following: Sequence[int], start: int) -> list[int]:
    way, edge = [start], following[start]
    while edge != start:
        way.append(edge)
        edge = following[edge]
    return way


def _without_pinches(way: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Split a way where it comes back to a corner, since an outline may not touch itself."""
    path: list[tuple[int, int]] = []
    seen: set[tuple[int, int]] = set()
    for corner in way:
        if corner in seen:
            back = path.index(corner)
            yield path[back:]
            seen.difference_update(path[back:])
            del path[back:]
        path.append(corner)
        seen.add(corner)
    yield path


def _pixel_beside(ring: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the pixel to the right of the first edge of a ring."""
    (row, column), (to_row, to_column) = ring[:2]
    row_after, column_after = np.sign((to_row - row, to_column - column)).tolist()
    return row - (row_after < 0) - (column_after < 0), column - (column_after < 0) - (row_after > 0)


def _turns_right(ring: Sequence[Point]) -> bool:
    """Return whether a ring runs clockwise on the screen, as outlines do and holes do not."""
    return sum(x * to_y - to_x * y for (x, y), (to_x, to_y) in pairwise((*ring, ring[0]))) > 0
