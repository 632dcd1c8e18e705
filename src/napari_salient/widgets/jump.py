"""Bringing a slice before the annotator: the plane, the slider and the camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.data.planes import Plane, axis_of

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

MARGIN = 1.6
"""How many times the object's size the view shows around it."""
LARGEST_ZOOM = 2.5
"""Never closer than this many times the view of the whole slice."""


def show_plane(viewer: Any, plane: Plane, ndim: int = 3) -> None:
    """Turn the viewer to a slicing plane, if it shows another one or 3D."""
    axis = axis_of(plane)
    order = (axis, *(other for other in range(ndim) if other != axis))
    if viewer.dims.ndisplay != 2:
        viewer.dims.ndisplay = 2
    if tuple(viewer.dims.order) != order:
        viewer.dims.order = order
    viewer.dims.last_used = axis


def show_slice(viewer: Any, layer: Labels, plane: Plane, index: int) -> None:
    """Turn the viewer to a slice of the layer."""
    show_plane(viewer, plane)
    axis = axis_of(plane)
    voxel = [0.0, 0.0, 0.0]
    voxel[axis] = index
    viewer.dims.set_point(axis, layer.data_to_world(voxel)[axis])


def shown_index(viewer: Any, layer: Labels, plane: Plane) -> int | None:
    """Return the slice of the layer that the viewer shows along `plane`, `None` for none."""
    axis = axis_of(plane)
    if viewer.dims.ndim != 3 or axis not in viewer.dims.not_displayed:
        return None
    index = round(float(layer.world_to_data(viewer.dims.point)[axis]))
    return index if 0 <= index < layer.data.shape[axis] else None


def frame_slice(viewer: Any, layer: Labels, plane: Plane, pixels: NDArray[np.uint8] | None) -> None:
    """Centre the view on what is drawn in a slice, or show the whole slice.

    Parameters
    ----------
    viewer, layer
        The viewer and the labels layer it shows.
    plane
        Slicing plane.
    pixels
        Labels (row, column) of the slice to centre on; `None` or nothing drawn for all of it.
    """
    viewer.reset_view()
    found = _extent(pixels) if pixels is not None else None
    if found is None:
        return
    axis = axis_of(plane)
    shape = np.delete(np.asarray(layer.data.shape), axis)
    spacing = np.delete(np.asarray(layer.scale), axis)
    begin, end = found
    zoom = float(np.clip((shape / ((end - begin) * MARGIN)).min(), 1.0, LARGEST_ZOOM))
    half = shape / (2 * zoom)
    row, column = (np.clip((begin + end) / 2, half, shape - half) - 0.5) * spacing
    camera = viewer.scene.camera
    camera.zoom *= zoom
    camera.center = (camera.center[0], float(row), float(column))


def _extent(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.int_], NDArray[np.int_]] | None:
    """Return the first row and column of what is drawn, and those after the last."""
    hits = np.argwhere(pixels)
    return (hits.min(axis=0), hits.max(axis=0) + 1) if len(hits) else None
