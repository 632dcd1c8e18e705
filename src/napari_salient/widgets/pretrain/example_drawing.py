"""How pictures, frames and words of a training example are drawn."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.colormaps import Colormap

from napari_salient.pretraining.preview_layout import padding_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ROLE_COLORS = ("#56b4e9", "#e69f00", "#2fbf8f")
"""Of what is called the same, where there are no more kinds than colours."""
EMPTY_COLOR = "#5a5f69"
INK = "#ffffff"
PADDING_COLOR = "#8a2be2"
DARKEST, BRIGHTEST = 0.5, 99.8
"""Percentiles of an example that are drawn black and white."""
GRAYS = ([0.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0])
GRAY = Colormap(GRAYS, name="gray")
GRAY_PADDED = Colormap(GRAYS, name="gray above padding", low_color=PADDING_COLOR)
GRAY_IN_HAZE = Colormap(GRAYS, name="gray in padding", low_color=PADDING_COLOR + "14")
"""For cubes: one sees through padding to what it surrounds."""


def drawn_part(image: NDArray[np.float32], channel: int | None) -> NDArray[np.float32]:
    """Return one channel of an input (channel, *sides), or colours (row, column, 3) of 0 to 1."""
    if channel is not None:
        part: NDArray[np.float32] = image[channel]
        return part
    low, high = limits_of([image])
    scaled: NDArray[np.float32] = (np.moveaxis(image, 0, -1) - low) / (high - low)
    return scaled.clip(0, 1)


def limits_of(pictures: Sequence[NDArray[np.float32]]) -> tuple[float, float]:
    """Return the grey values to draw black and white, the same in all pictures of an example."""
    values = np.concatenate([picture.ravel() for picture in pictures])
    low, high = (float(limit) for limit in np.percentile(values, (DARKEST, BRIGHTEST)))
    return (low, high) if high > low else (low, low + 1.0)


def appearance(picture: NDArray[np.float32], limits: tuple[float, float]) -> dict[str, Any]:
    """Return how an image layer draws a picture: grey, and padding in a colour of its own."""
    share, above = padding_of(picture)
    if not share:
        return {"colormap": GRAY, "contrast_limits": limits}
    colormap = GRAY_IN_HAZE if picture.ndim == 3 else GRAY_PADDED
    return {"colormap": colormap, "contrast_limits": (above, max(limits[1], above + 1e-3))}


def role_colors(words: Sequence[str]) -> list[str]:
    """Return the colour of each picture's frame by its words; of many kinds all have the first."""
    kinds = list(dict.fromkeys(words))
    if len(kinds) > len(ROLE_COLORS):
        return [ROLE_COLORS[0]] * len(words)
    return [ROLE_COLORS[kinds.index(one)] for one in words]


def word_colors(words: Sequence[str]) -> list[str]:
    """Return the colour of each picture's words: that of its frame, white where there are many."""
    colors = role_colors(words)
    return colors if len(set(words)) <= len(ROLE_COLORS) else [INK] * len(words)


def box_edges(corners: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the edges of boxes as napari's vectors, shape (box * edge, 2, axis).

    Parameters
    ----------
    corners : float64 array, shape (box, axis)
        First corner of each.
    size : float64 array, shape (axis,)
        Sides of each.
    """
    ndim = size.size
    edges = []
    for axis in range(ndim):
        others = [other for other in range(ndim) if other != axis]
        for ends in itertools.product((0, 1), repeat=ndim - 1):
            start = np.zeros(ndim)
            start[others] = ends
            edges.append([start * size, np.eye(ndim)[axis] * size])
    boxes = np.repeat(np.array(edges)[None], len(corners), 0)
    boxes[:, :, 0] += corners[:, None]
    return boxes.reshape(-1, 2, ndim)


def seen_span(
    sides: NDArray[np.float64], view: Sequence[float], up: Sequence[float]
) -> NDArray[np.float64]:
    """Return height and width of a box on the canvas, looked at along `view`; all as (z, y, x)."""
    right = np.cross(view, up)
    across = np.array([np.cross(right, view), right])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    span: NDArray[np.float64] = np.abs(across) @ sides
    return span
