from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Labels

from napari_salient.data.planes import PLANES, axis_of
from napari_salient.widgets.jump import frame_slice, show_slice, shown_index

SHAPE = (10, 12, 14)


def viewer_of(spacing):
    viewer = ViewerModel()
    layer = Labels(np.zeros(SHAPE, np.uint8), scale=spacing)
    viewer.add_layer(layer)
    return viewer, layer


@settings(deadline=None)
@given(
    st.tuples(*[st.floats(0.2, 9.0)] * 3), st.sampled_from(PLANES), st.integers(0, min(SHAPE) - 1)
)
def test_the_slice_that_is_shown_is_the_slice_that_was_asked_for(spacing, plane, index):
    viewer, layer = viewer_of(spacing)
    show_slice(viewer, layer, plane, index)
    assert viewer.dims.not_displayed == (axis_of(plane),)
    assert shown_index(viewer, layer, plane) == index


def test_another_plane_or_3d_shows_no_slice():
    viewer, layer = viewer_of((1, 1, 1))
    show_slice(viewer, layer, "axial", 3)
    assert shown_index(viewer, layer, "coronal") is None
    viewer.dims.ndisplay = 3
    assert shown_index(viewer, layer, "axial") is None
    show_slice(viewer, layer, "axial", 4)
    assert shown_index(viewer, layer, "axial") == 4


def test_the_arrow_keys_move_along_the_slicing_plane():
    viewer, layer = viewer_of((1, 1, 1))
    show_slice(viewer, layer, "sagittal", 3)
    assert viewer.dims.last_used == axis_of("sagittal")


@pytest.mark.parametrize("plane", PLANES)
def test_the_view_is_centred_on_the_object(plane):
    viewer, layer = viewer_of((3, 2, 1))
    show_slice(viewer, layer, plane, 5)
    rows, columns = np.delete(SHAPE, axis_of(plane))
    pixels = np.zeros((rows, columns), np.uint8)
    pixels[4:6, 5:7] = 1
    viewer.reset_view()
    zoom = viewer.scene.camera.zoom
    frame_slice(viewer, layer, plane, pixels)
    spacing = np.delete((3, 2, 1), axis_of(plane))
    assert viewer.scene.camera.center[1:] == pytest.approx(tuple([4.5, 5.5] * spacing))
    assert viewer.scene.camera.zoom > zoom


def test_an_object_at_the_edge_does_not_pull_the_slice_out_of_sight():
    viewer, layer = viewer_of((1, 1, 1))
    show_slice(viewer, layer, "axial", 5)
    pixels = np.zeros((12, 14), np.uint8)
    pixels[0, 0] = 1
    frame_slice(viewer, layer, "axial", pixels)
    _, row, column = viewer.scene.camera.center
    assert row > 1.5
    assert column > 1.5


@pytest.mark.parametrize("pixels", [None, np.zeros((12, 14), np.uint8)])
def test_without_an_object_the_whole_slice_is_shown(pixels):
    viewer, layer = viewer_of((1, 1, 1))
    show_slice(viewer, layer, "axial", 5)
    viewer.reset_view()
    center = viewer.scene.camera.center
    frame_slice(viewer, layer, "axial", pixels)
    assert viewer.scene.camera.center == pytest.approx(center)
