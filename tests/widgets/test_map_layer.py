from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_salient.errors import InputError
from napari_salient.widgets.map_layer import show_map


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def brain(viewer):
    rng = np.random.default_rng(0)
    return viewer.add_image(
        rng.random((4, 5, 6), dtype=np.float32),
        name="brain-01", scale=(3, 1, 2), translate=(1, 2, 3), units=("mm",) * 3,
    )  # fmt: skip


def test_a_map_lies_where_its_image_lies(viewer, brain):
    brain.affine = np.diag([2.0, 2, 2, 1])
    layer = show_map(viewer, np.ones((4, 5, 6), np.float32), brain, "uncertainty (entropy)")
    point = (1, 2, 3)
    np.testing.assert_allclose(layer.data_to_world(point), brain.data_to_world(point))
    assert layer.units == brain.units
    assert layer.name == "uncertainty (entropy)"
    assert layer.colorbar.visible
    assert tuple(layer.contrast_limits) == (0, 1)


def test_new_values_keep_the_layer_and_what_the_user_set(viewer, brain):
    first = show_map(viewer, np.zeros((4, 5, 6), np.float32), brain, "uncertainty")
    first.opacity = 0.2
    second = show_map(viewer, np.ones((4, 5, 6), np.float32), brain, "uncertainty")
    assert second is first
    assert second.opacity == pytest.approx(0.2)
    assert second.data.max() == 1
    assert len(viewer.layers) == 2


def test_a_map_of_the_next_case_replaces_the_last_one(viewer, brain):
    show_map(viewer, np.zeros((4, 5, 6), np.float32), brain, "uncertainty")
    other = viewer.add_image(np.zeros((2, 2, 2), np.float32), name="brain-02")
    layer = show_map(viewer, np.zeros((2, 2, 2), np.float32), other, "uncertainty")
    assert layer.data.shape == (2, 2, 2)
    assert [shown.name for shown in viewer.layers] == ["brain-01", "brain-02", "uncertainty"]


def test_a_map_of_another_shape_is_refused_and_nothing_changes(viewer, brain):
    with pytest.raises(InputError, match=r"uncertainty.*\(4, 5, 7\).*brain-01.*\(4, 5, 6\)"):
        show_map(viewer, np.zeros((4, 5, 7)), brain, "uncertainty")
    assert len(viewer.layers) == 1


def test_a_scale_needs_a_number_for_each_axis(viewer):
    layer = show_map(viewer, np.zeros((4, 5), np.float32), (0.5, 0.25), "heatmap")
    assert tuple(layer.scale) == (0.5, 0.25)
    with pytest.raises(InputError, match="2 axes and its scale 3"):
        show_map(viewer, np.zeros((4, 5)), (1, 1, 1), "heatmap")


def test_a_map_lies_below_the_labels_and_leaves_them_selected(viewer, brain):
    labels = viewer.add_labels(np.zeros((4, 5, 6), np.uint8), name="labels")
    layer = show_map(viewer, np.zeros((4, 5, 6), np.float32), brain, "uncertainty")
    assert list(viewer.layers) == [brain, layer, labels]
    assert viewer.layers.selection.active is labels
    assert set(viewer.layers.selection) == {labels}


@pytest.mark.slow
@pytest.mark.window
@pytest.mark.filterwarnings("ignore:System theme detection")
def test_a_map_can_be_shown_through_the_plugin_proxy(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    image = viewer.add_image(np.zeros((4, 5, 6), np.float32), name="brain-01")
    for level in (0.2, 0.4):
        show_map(viewer, np.full((4, 5, 6), level, np.float32), image, "uncertainty")
    assert len(viewer.layers) == 2
