from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication

from napari_salient.errors import InputError
from napari_salient.widgets.plane_pane import picture
from napari_salient.widgets.planes_view import PlanesView, color_table

SHAPE = (10, 20, 40)
SPACING = (3.0, 2.0, 1.0)


@pytest.fixture
def image():
    return np.random.default_rng(0).random(SHAPE, dtype=np.float32)


@pytest.fixture
def labels():
    return np.zeros(SHAPE, np.uint8)


@pytest.fixture
def view(qtbot, image, labels):
    view = PlanesView()
    qtbot.addWidget(view)
    view.resize(350, 120)
    view.set_case(image, labels, SPACING, {1: "#ff0000"})
    view.show()
    qtbot.waitExposed(view)
    return view


def test_the_view_opens_in_the_middle(view):
    assert view.cursor == (5, 10, 20)


@pytest.mark.parametrize(
    ("plane", "pixel", "voxel"),
    [
        ("axial", (3, 7), (5, 3, 7)),
        ("coronal", (3, 7), (3, 10, 7)),
        ("sagittal", (3, 7), (3, 7, 20)),
    ],
)
def test_a_click_jumps_to_the_voxel_under_it(qtbot, view, plane, pixel, voxel):
    pane = view.panes[plane]
    with qtbot.waitSignal(view.jumped) as jumped:
        qtbot.mouseClick(pane, Qt.MouseButton.LeftButton, pos=pane.place_of_pixel(*pixel))
    assert tuple(jumped.args) == voxel == view.cursor


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_voxel_keeps_its_proportions(view, plane):
    pane = view.panes[plane]
    place = pane.place_of_picture()
    rows, columns = pane._picture.shape[:2]
    row_mm, column_mm = pane._pixel_mm
    assert place.width() / place.height() == pytest.approx(
        columns * column_mm / (rows * row_mm), rel=0.05
    )
    assert pane.rect().contains(place)


def test_the_view_works_by_keyboard(qtbot, view):
    qtbot.keyClick(view.panes["axial"], Qt.Key.Key_Up)
    qtbot.keyClick(view.panes["axial"], Qt.Key.Key_PageDown)
    qtbot.keyClick(view.panes["sagittal"], Qt.Key.Key_Right)
    assert view.cursor == (6, 10, 20)
    for _ in range(30):
        qtbot.keyClick(view.panes["axial"], Qt.Key.Key_Left)
    assert view.cursor == (6, 10, 0)


def test_the_wheel_moves_through_the_slices_of_its_plane(view):
    pane = view.panes["coronal"]
    here = QPointF(pane.rect().center())
    there = QPointF(pane.mapToGlobal(pane.rect().center()))
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    wheel = QWheelEvent(here, there, QPoint(), QPoint(0, -120), *none, False)
    QApplication.sendEvent(pane, wheel)
    assert view.cursor == (5, 11, 20)


def test_a_stroke_shows_after_refresh(qtbot, view, labels):
    labels[5, 4:8, 6:9] = 1
    view.refresh()
    pane = view.panes["axial"]

    def red_where_painted():
        redder = pane._picture[..., 0].astype(int) - pane._picture[..., 1] > 40
        return redder[4:8, 6:9].all() and redder.sum() == 12

    qtbot.waitUntil(red_where_painted)


def test_labels_are_mixed_over_the_grey_image():
    image = np.array([[0.0, 1.0, np.nan]], np.float32)
    drawn = picture(image, np.array([[0, 0, 2]], np.uint8), (0, 1), color_table({2: "#0000ff"}))
    assert drawn.tolist() == [[[0, 0, 0], [255, 255, 255], [0, 0, 127]]]


def test_a_flat_image_is_drawn(view, labels):
    view.set_case(np.zeros(SHAPE, np.float32), labels, SPACING, {})
    view.grab()


def test_labels_of_another_shape_are_refused(view, image):
    with pytest.raises(InputError, match="labels have the shape"):
        view.set_case(image, np.zeros((1, 2, 3), np.uint8), SPACING, {})


def test_nothing_can_be_shown_and_clicked(qtbot):
    view = PlanesView()
    qtbot.addWidget(view)
    view.grab()
    qtbot.mouseClick(view.panes["axial"], Qt.MouseButton.LeftButton)
    view.set_cursor((1, 1, 1))
    view.clear()


@pytest.fixture
def linked(view, image):
    viewer = ViewerModel()
    layer = viewer.add_image(image, scale=SPACING)
    view.link(viewer, layer)
    return viewer


def test_a_jump_moves_the_viewers_sliders(qtbot, view, linked):
    pane = view.panes["coronal"]
    qtbot.mouseClick(pane, Qt.MouseButton.LeftButton, pos=pane.place_of_pixel(2, 30))
    assert linked.dims.current_step[0] == 2
    assert view.cursor == (2, 10, 30)


def test_the_planes_follow_the_slider_and_the_mouse(view, linked):
    linked.dims.set_current_step(0, 7)
    assert view.cursor == (7, 10, 20)
    linked.cursor.position = (7 * 3.0, 4 * 2.0, 33.0)
    assert view.cursor == (7, 4, 33)


def test_the_planes_follow_in_every_slicing_plane(view, linked):
    linked.dims.order = (2, 0, 1)
    linked.dims.set_current_step(2, 11)
    assert view.cursor[1:] == (10, 11)


def test_an_unlinked_view_stands_still(view, linked):
    view.unlink()
    linked.dims.set_current_step(0, 1)
    assert view.cursor[0] != 1
