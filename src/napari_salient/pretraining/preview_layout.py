"""Where the pictures of a training example are drawn, and what in them may be padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.planes import Plane, axis_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.pretraining.preview import Preview

GAP, GAP_IN_DEPTH = 0.2, 0.9
"""Between pictures, as a share of their longest side; cubes would else hide those behind them."""

LEAST_PADDING = 0.02
"""Share of a picture, as dark as its darkest voxel, above which that is taken for padding."""

SHADES = 1e-4
"""Grey values that differ by less than this share of their range count as equal."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A picture where it is to be drawn; all pictures of an example are drawn equally large.

    Parameters
    ----------
    words
        What it is.
    image : float32 array, shape (channel, *sides)
        In 3D along (z, y, x), whatever the slicing plane.
    origin, scale : float64 array, shape (axis,)
        Where its first voxel lies, and how far it is from one voxel to the next.
    """

    words: str
    image: NDArray[np.float32]
    origin: NDArray[np.float64]
    scale: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Layout:
    """An example on the canvas.

    Parameters
    ----------
    placed
        The pictures.
    empty : float64 array, shape (cell, axis)
        First corners of the grid's cells in which no picture lies.
    size : float64 array, shape (axis,)
        Sides of a picture and of a cell.
    gap
        Between two of them.
    """

    placed: list[Placed]
    empty: NDArray[np.float64]
    size: NDArray[np.float64]
    gap: float

    @property
    def corners(self) -> NDArray[np.float64]:
        """First corners of the pictures, shape (picture, axis): half a voxel before the first."""
        return np.array([one.origin - one.scale / 2 for one in self.placed])

    @property
    def words(self) -> list[str]:
        """What each picture is."""
        return [one.words for one in self.placed]

    @property
    def padded(self) -> float:
        """Share of padding in the picture that has most of it."""
        return max(padding_of(one.image)[0] for one in self.placed)

    @property
    def headings(self) -> NDArray[np.float64]:
        """Where the words stand, shape (picture, axis): above a picture, or behind and above."""
        places = self.corners + self.size / 2
        places[:, 0] = self.corners[:, 0] - GAP / 2 * self.size.max()
        if self.size.size == 3:
            places[:, 1] += self.size[1] / 2
        return places


def lay_out(preview: Preview, number: int) -> Layout:
    """Return an example with every picture at its place in the grid."""
    pictures, plane = preview.examples[number], preview.settings.plane
    size = np.max([picture.image.shape[1:] for picture in pictures], 0)
    places = [picture.place for picture in pictures]
    cells = np.array([*places, *(cell for cell in preview.cells if cell not in places)])
    in_depth = size.size == 3 and np.ptp(cells, axis=0)[:-1].any()
    gap = max(round((GAP_IN_DEPTH if in_depth else GAP) * size.max()), 2)
    corners = np.array([_as_displayed(cell * (size + gap), plane) for cell in cells], float)
    shown = _as_displayed(size, plane)
    placed = []
    for picture, corner in zip(pictures, corners, strict=False):
        image = _image_as_displayed(picture.image, plane)
        scale = shown / image.shape[1:]
        placed.append(Placed(picture.words, image, corner + scale / 2, scale))
    return Layout(placed, corners[len(placed) :], shown.astype(float), gap)


def padding_of(image: NDArray[np.float32]) -> tuple[float, float]:
    """Return the share of an image that may be padding, and the grey value just above it.

    Padding is as dark as the darkest voxel. Where that is no more than anatomy has, the share is 0.
    """
    low, high = float(image.min()), float(image.max())
    above = low + SHADES * (high - low)
    share = float((image <= above).mean())
    return (share if LEAST_PADDING < share < 1 else 0.0), above


def _as_displayed(along: NDArray[np.int64], plane: Plane) -> NDArray[np.int64]:
    """Return numbers along (slice, row, column) along (z, y, x); two of them stay as they are."""
    return np.insert(along[1:], axis_of(plane), along[0]) if len(along) == 3 else along


def _image_as_displayed(image: NDArray[np.float32], plane: Plane) -> NDArray[np.float32]:
    return np.moveaxis(image, 1, axis_of(plane) + 1) if image.ndim == 4 else image
