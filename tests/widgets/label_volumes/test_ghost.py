"""Outlines of interpolated slices above the labels."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_salient.project.labels import LabelSchema
from napari_salient.widgets.label_volumes.case_layers import CaseLayers, label_colors
from napari_salient.widgets.label_volumes.ghost import Ghost, pale_colors

SCHEMA = LabelSchema.of("dim", "bright")
BLOCK = np.full((2, 10, 14), 2, np.uint8)
"""Two coronal slices of a case of (10, 12, 14) voxels."""


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def labels(viewer, make_case):
    return CaseLayers(viewer).show(make_case(), SCHEMA)


@pytest.fixture
def ghost(viewer):
    return Ghost(viewer)


def test_outlines_lie_where_the_slices_do(viewer, labels, ghost):
    ghost.show(BLOCK, 5, 1, labels, SCHEMA)
    assert ghost.visible
    assert ghost.layer.data.shape == (10, 2, 14)
    assert tuple(ghost.layer.data_to_world((0, 1, 3))) == tuple(labels.data_to_world((0, 6, 3)))
    assert ghost.layer.contour
    assert not ghost.layer.editable


def test_the_labels_stay_selected_and_the_slider_as_long_as_the_case(viewer, labels, ghost):
    ghost.show(BLOCK, 10, 1, labels, SCHEMA)
    assert viewer.layers.selection.active is labels
    assert viewer.dims.nsteps == (10, 12, 14)


def test_left_behind_they_do_not_keep_the_slider_of_a_larger_case(viewer, make_case):
    layers, ghost = CaseLayers(viewer), Ghost(viewer)
    ghost.show(BLOCK, 10, 1, layers.show(make_case(), SCHEMA), SCHEMA)
    small = layers.show(make_case("brain-02", (6, 7, 8)), SCHEMA)
    ghost.leave(small)
    assert not ghost.visible
    assert viewer.dims.nsteps == (6, 7, 8)


def test_a_deleted_layer_is_made_again(viewer, labels, ghost):
    ghost.show(BLOCK, 5, 1, labels, SCHEMA)
    viewer.layers.remove(ghost.layer)
    ghost.hide()
    assert not ghost.visible
    ghost.show(BLOCK, 5, 1, labels, SCHEMA)
    assert ghost.visible
    ghost.remove()
    assert list(viewer.layers)[-1] is labels


def test_outlines_are_paler_than_labels():
    colors, pale = label_colors(SCHEMA), pale_colors(SCHEMA)
    for value in (1, 2):
        assert (pale.map(value)[:3] > colors.map(value)[:3] + 0.01).any()
        assert pale.map(value)[:3].min() > 0.5
    assert pale.map(0)[3] == 0
