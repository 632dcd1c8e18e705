from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_salient.active_learning.predictions import Prediction
from napari_salient.data.label_values import UNSURE
from napari_salient.project.labels import LabelSchema
from napari_salient.widgets.label_volumes.case_layers import CaseLayers, auto_limits, label_colors

SCHEMA = LabelSchema.of("dim", "bright")


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layers(viewer):
    return CaseLayers(viewer)


def predicted(case, value):
    labels = np.full(case.labels.shape, value, np.uint8)
    return Prediction(labels, np.full(labels.shape, 0.5, np.float32), ["run"] * len(labels))


def test_the_labels_layer_shows_the_very_array_of_the_session(layers, make_case):
    case = make_case()
    layer = layers.show(case, SCHEMA)
    assert layer.data is case.labels
    layer.data_setitem((np.array([1]), np.array([2]), np.array([3])), 2)
    assert case.labels[1, 2, 3] == 2


def test_image_and_labels_are_in_millimetres(layers, make_case):
    layers.show(make_case(), SCHEMA)
    for layer in layers.all:
        assert tuple(layer.scale) == (3, 2, 1)
        assert [str(unit) for unit in layer.units] == ["millimeter"] * 3
        assert layer.axis_labels == ("z", "y", "x")


def test_the_next_case_takes_over_the_layers_and_how_they_are_set(viewer, layers, make_case):
    layer = layers.show(make_case(), SCHEMA)
    layer.brush_size, layer.selected_label, layer.contour, layer.mode = 7, 2, 1, "fill"
    other = make_case("brain-02", (6, 7, 8))
    assert layers.show(other, SCHEMA) is layer
    assert layer.data is other.labels
    assert (layer.brush_size, layer.selected_label, layer.contour) == (7, 2, 1)
    assert layer.mode == "fill"
    assert [found.name for found in viewer.layers] == ["brain-02", "labels of brain-02"]


def test_naparis_own_undo_cannot_write_the_old_case_into_the_next_one(layers, make_case):
    first, second = make_case("brain-01"), make_case("brain-02")
    layer = layers.show(first, SCHEMA)
    layer.data_setitem((np.array([1]), np.array([2]), np.array([3])), 2)
    layers.show(second, SCHEMA)
    second.labels[1, 2, 3] = 1
    layer.undo()
    assert second.labels[1, 2, 3] == 1
    assert first.labels[1, 2, 3] == 2


def test_each_channel_is_a_layer_and_another_number_of_them_makes_new_layers(
    viewer, layers, make_case
):
    layers.show(make_case(), SCHEMA)
    layers.show(make_case("t1t2", channels=2), SCHEMA)
    assert [found.name for found in viewer.layers] == ["t1t2 [0]", "t1t2 [1]", "labels of t1t2"]
    layers.show(make_case(), SCHEMA)
    assert len(viewer.layers) == 2


def test_the_map_is_shown_when_it_is_wanted_and_is_that_of_the_case(viewer, layers, make_case):
    first, second, third = (make_case(f"brain-0{n}", (5 + n, 6, 7)) for n in (1, 2, 3))
    first.predicted, second.predicted = predicted(first, 1), predicted(second, 1)
    layers.show(first, SCHEMA)
    layers.refresh_map("(round 1)")
    assert not layers.map.visible
    layers.toggle_map()
    assert layers.map.visible
    layers.show(second, SCHEMA)
    layers.refresh_map("(round 1)")
    assert layers.map.data is second.uncertainty
    assert layers.map.name == "uncertainty (round 1)"
    layers.show(third, SCHEMA)
    layers.refresh_map("(round 1)")
    assert not layers.map.visible
    layers.map.visible = True
    assert layers.map.data.shape == third.labels.shape
    assert not layers.map.data.any()


def test_the_slider_ends_at_the_last_slice_of_each_case(viewer, layers, make_case):
    cases = [make_case(f"brain-{n}", (slices, 6, 7)) for n, slices in enumerate((9, 5, 7, 5))]
    for case in cases[:-1]:
        case.predicted = predicted(case, 1)
    for shown in (False, True):
        layers.map_wanted = shown
        for case in (*cases, *cases):
            layer = layers.show(case, SCHEMA)
            layers.refresh_map("(round 1)")
            assert viewer.dims.nsteps[0] == len(case.labels)
            layer.visible = shown


def test_a_layer_that_somebody_deleted_is_missed(viewer, layers, make_case):
    layer = layers.show(make_case(), SCHEMA)
    assert layers.complete
    viewer.layers.remove(layer)
    assert not layers.complete


def test_everything_is_taken_out_again(viewer, layers, make_case):
    layers.show(make_case(), SCHEMA)
    layers.remove()
    assert not viewer.layers


def test_labels_have_the_colours_of_the_schema():
    colors = label_colors(SCHEMA.recolour(2, "#00ff00"))
    assert colors.map(2).tolist() == [0, 1, 0, 1]
    assert colors.map(0)[3] == 0
    assert colors.map(UNSURE)[3] == 1


def test_contrast_leaves_out_the_brightest_voxels():
    voxels = np.ones((50, 50, 50), np.float32)
    voxels[25:, :, :] = 2
    voxels[0, 0, 0] = 1e9
    assert auto_limits(voxels) == (1, 2)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_flat_or_empty_volume_has_limits_too(value):
    low, high = auto_limits(np.full((3, 3, 3), value, np.float32))
    assert low < high
