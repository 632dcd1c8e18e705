"""The preview in napari's real window: what it draws, and that it leaves nothing behind."""

from __future__ import annotations

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QTabWidget

from napari_salient.pretraining.settings import JigsawSettings, PretrainingSettings
from napari_salient.widgets.pretrain.preview_page import NOTHING_YET, PreviewPage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.window,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]

PATIENCE_MS = 180_000
SHAPE = (24, 25, 30)


@pytest.fixture
def pool(tmp_path):
    folder = tmp_path / "pool"
    folder.mkdir()
    for number in range(3):
        voxels = np.random.default_rng(number).random(SHAPE, np.float32)
        nib.save(nib.Nifti1Image(voxels, np.eye(4)), folder / f"case-{number}.nii")
    return folder


@pytest.fixture
def viewer(make_napari_viewer):
    """A window with a volume in mm that is looked at in coronal slices, and a hidden layer."""
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.zeros((10, 20, 30)), name="volume", scale=(3, 1, 1), units=("mm",) * 3)
    viewer.add_labels(np.zeros((10, 20, 30), int), name="hidden", visible=False, units=("mm",) * 3)
    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_point(1, 7)
    viewer.scene.camera.zoom = 3.0
    return viewer


@pytest.fixture
def tabs(viewer):
    tabs = QTabWidget()
    tabs.addTab(PreviewPage(viewer), "Preview")
    tabs.addTab(QLabel("another page"), "Other")
    viewer.window.add_dock_widget(tabs, name="Pretrain")
    return tabs


@pytest.fixture
def page(tabs):
    return tabs.widget(0)


@pytest.fixture
def show(qtbot, page, pool):
    """Return a function that shows a preview and waits until it can be seen."""

    def show(task, spatial_dims=2, **changes):
        settings = PretrainingSettings(
            task=task,
            spatial_dims=spatial_dims,
            width=4,
            context=0,
            jigsaw=JigsawSettings(permutations=6),
        )
        with qtbot.waitSignal(page.shown, timeout=PATIENCE_MS):
            page.show_pool(pool, 3, replace(settings, **changes))

    return show


def state_of(viewer):
    layers = [(layer.name, layer.visible) for layer in viewer.layers]
    camera = viewer.scene.camera
    dims = viewer.dims
    return (
        layers,
        viewer.layers.selection.active.name,
        (dims.ndisplay, dims.order, dims.point, dims.axis_labels),
        (camera.zoom, camera.center, camera.angles),
        viewer.canvas.overlays["axes"].visible,
    )


@pytest.mark.parametrize(
    ("task", "spatial_dims", "pictures"),
    [("rotation", 2, 1), ("rotation", 3, 1), ("relative_location", 3, 2), ("masked", 2, 2)],
)
def test_pictures_are_layers_named_by_what_they_are_and_alone_in_sight(
    viewer, page, show, task, spatial_dims, pictures
):
    show(task, spatial_dims)
    words = [picture.words for picture in page.preview.examples[0]]
    assert [layer.name for layer in page.layers.images] == words
    assert len(words) == pictures
    visible = [layer for layer in viewer.layers if layer.visible]
    assert visible == page.layers.all
    assert list(page.layers.words.features["words"]) == words
    assert all(one in page.words.text() for one in words)
    assert viewer.dims.ndisplay == spatial_dims
    assert viewer.canvas.overlays["axes"].visible


def test_the_axes_on_the_canvas_are_those_of_the_view(viewer, page, show):
    show("rotation", plane="sagittal")
    assert viewer.dims.axis_labels[-2:] == ("z", "y")


def test_the_network_s_own_input_is_what_is_drawn(page, show):
    show("masked", 3)
    for picture, layer in zip(page.preview.examples[0], page.layers.images, strict=True):
        assert np.array_equal(layer.data, picture.image[0])


def test_the_viewer_is_as_it_was_once_another_page_is_open_and_the_example_comes_back(
    qtbot, viewer, tabs, page, show
):
    before = state_of(viewer)
    show("rotation", 3)
    page.step(2)
    tabs.setCurrentIndex(1)
    assert state_of(viewer) == before
    with qtbot.waitSignal(page.shown, timeout=PATIENCE_MS):
        tabs.setCurrentIndex(0)
    assert page.counter.text() == "Example 3 of 8"
    assert page.layers.images[0].name == page.preview.examples[2][0].words


def test_keys_and_buttons_go_from_example_to_example(qtbot, viewer, page, show):
    show("relative_location")
    made = list(page.layers.images)
    canvas = viewer.window._qt_viewer.canvas.native
    with qtbot.waitSignal(page.shown, timeout=PATIENCE_MS):
        qtbot.keyClick(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert page.counter.text() == "Example 2 of 8"
    assert page.layers.images == made
    assert page.layers.images[1].name == page.preview.examples[1][1].words
    with qtbot.waitSignal(page.shown, timeout=PATIENCE_MS):
        qtbot.mouseClick(page.previous, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(page.previous, Qt.MouseButton.LeftButton)
    assert page.counter.text() == "Example 8 of 8"


def test_the_neighbours_of_a_stacked_slice_can_be_looked_at(qtbot, page, show):
    show("rotation", context=1)
    picture = page.preview.examples[0][0]
    assert page.channel.currentText() == "the slice itself"
    assert np.array_equal(page.layers.images[0].data, picture.image[1])
    page.channel.setFocus()
    with qtbot.waitSignal(page.shown, timeout=PATIENCE_MS):
        qtbot.keyClick(page.channel, Qt.Key.Key_Up)
    assert np.array_equal(page.layers.images[0].data, picture.image[0])


@pytest.mark.parametrize(
    ("spatial_dims", "depth", "words"),
    [(2, 3, "channel 2, slice 1 after it"), (3, 1, "channel 2")],
)
def test_each_channel_of_an_input_can_be_looked_at(
    qtbot, page, tmp_path, spatial_dims, depth, words
):
    (tmp_path / "two").mkdir()
    for number in range(3):
        voxels = np.random.default_rng(number).random((*SHAPE, 2), np.float32)
        nib.save(nib.Nifti1Image(voxels, np.eye(4)), tmp_path / "two" / f"case-{number}.nii")
    settings = PretrainingSettings(spatial_dims=spatial_dims, width=4, context=1)
    with qtbot.waitSignal(page.shown, timeout=PATIENCE_MS):
        page.show_pool(tmp_path / "two", 3, settings)
    picture = page.preview.examples[0][0]
    assert len(picture.image) == page.channel.count() == 2 * depth
    page.channel.setFocus()
    for number in range(depth // 2 + 1, 2 * depth):
        with qtbot.waitSignal(page.shown, timeout=PATIENCE_MS):
            qtbot.keyClick(page.channel, Qt.Key.Key_Down)
        assert page.channel.currentIndex() == number
        assert np.array_equal(page.layers.images[0].data, picture.image[number])
    assert page.channel.currentText() == words


def test_another_task_takes_the_place_of_the_one_before(viewer, page, show):
    show("jigsaw")
    assert len(page.layers.images) == 9
    show("exemplar", 3)
    assert [layer.name for layer in viewer.layers if layer.visible] == [
        "frames",
        "deformed",
        "its original",
        "another volume",
        "words",
    ]


def test_what_cannot_be_previewed_is_said_in_the_page_and_the_viewer_left_alone(
    qtbot, viewer, page, tmp_path
):
    before = state_of(viewer)
    (tmp_path / "empty").mkdir()
    page.show_pool(tmp_path / "empty", 3, PretrainingSettings())
    qtbot.waitUntil(lambda: "holds no" in page.notice.text(), timeout=PATIENCE_MS)
    assert page.sentence.text() == NOTHING_YET
    assert not page.next.isEnabled()
    assert state_of(viewer) == before
