"""The feature map in napari's real window: drawing, pointing, opening a slice."""

from __future__ import annotations

import numpy as np
import psutil
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_salient.engine.control import Control
from napari_salient.engine.llvm import guard_before_torch
from napari_salient.pretraining.intake import find_pool
from napari_salient.pretraining.job import pretrain_job
from napari_salient.widgets.pretrain.feature_page import BY_POSITION, FeaturePage
from napari_salient.widgets.pretrain.feature_plot import colors_of_kinds, colors_of_shares

pytestmark = [
    pytest.mark.slow,
    pytest.mark.window,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]

PATIENCE_MS = 180_000


@pytest.fixture
def run_dir(tmp_path, pool, tiny):
    guard_before_torch()
    list(pretrain_job(find_pool(pool, 3), tmp_path / "run", tiny(2), Control()))
    return tmp_path / "run"


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def page(qtbot, viewer, run_dir, pool):
    page = FeaturePage(viewer)
    viewer.window.add_dock_widget(page, name="Features")
    page.set_run(run_dir, pool, 3)
    return page


@pytest.fixture
def drawn(qtbot, page):
    """The page with its map drawn."""
    qtbot.mouseClick(page.controls.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.map is not None, timeout=PATIENCE_MS)
    return page


def click(page, number):
    viewport = page.plot.plot.viewport()
    spot = page.plot.place_of(number).toPoint()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=spot)


def point_at(page, spot):
    """Move the mouse to a point of the plot: QTest moves the real one, which Xvfb may not tell."""
    viewport, nothing = page.plot.plot.viewport(), Qt.MouseButton.NoButton
    there = QPointF(viewport.mapToGlobal(spot.toPoint()))
    kind, held = QEvent.Type.MouseMove, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(viewport, QMouseEvent(kind, spot, there, nothing, nothing, held))


def test_the_map_shows_every_slice_and_says_how_far_scans_are_told_apart(drawn):
    assert len(drawn.plot.points.data) == len(drawn.map.points) == 4 * 24
    assert "96 axial slices of 4 files, t-SNE" in drawn.about.text()
    assert f"{drawn.map.same_volume:.0%} are of the same file" in drawn.about.text()
    assert "Research use only" in drawn.about.text()


def test_a_click_opens_the_volume_at_the_slice_and_the_next_one_takes_its_layer(
    qtbot, viewer, drawn
):
    for number in (5, 50):
        click(drawn, number)
        path = drawn.map.paths[drawn.map.volumes[number]]
        name = path.name.removesuffix(".nii")
        qtbot.waitUntil(
            lambda name=name: [x.name for x in viewer.layers] == [name], timeout=PATIENCE_MS
        )
        assert viewer.dims.current_step[0] == drawn.map.indices[number]
    assert tuple(viewer.layers[0].scale) == (1, 1, 1)
    assert viewer.layers[0].metadata == {"source": str(path)}
    (layer,) = viewer.layers
    click(drawn, 51)
    assert viewer.dims.current_step[0] == drawn.map.indices[51]
    assert list(viewer.layers) == [layer]


def test_slices_are_mapped_by_an_encoder_of_volumes_as_well(
    qtbot, viewer, page, pool, tiny, tmp_path
):
    settings = tiny(2, spatial_dims=3, plane="coronal")
    list(pretrain_job(find_pool(pool, 3), tmp_path / "in-space", settings, Control()))
    page.set_run(tmp_path / "in-space", pool, 3)
    qtbot.mouseClick(page.controls.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.map is not None, timeout=PATIENCE_MS)
    assert "96 coronal slices of 4 files, t-SNE" in page.about.text()
    click(page, 30)
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=PATIENCE_MS)
    assert viewer.dims.current_step[1] == page.map.indices[30]


def test_pointing_tells_file_and_slice(qtbot, drawn):
    number = int(drawn.map.points[:, 0].argmin())
    path = drawn.map.paths[drawn.map.volumes[number]]
    expected = f"{path.name}, axial slice {drawn.map.indices[number] + 1}"

    def told():
        point_at(drawn, drawn.plot.place_of(number))
        assert drawn.under_mouse.text() == expected

    qtbot.waitUntil(told, timeout=PATIENCE_MS)


def test_colours_go_by_volume_or_by_slice(qtbot, drawn):
    brushes = [point.brush().color().name() for point in drawn.plot.points.points()]
    assert len(set(brushes)) == 4
    drawn.color_by.setFocus()
    qtbot.keyClick(drawn.color_by, Qt.Key.Key_Down)
    assert drawn.color_by.currentText() == BY_POSITION
    brushes = [point.brush().color().name() for point in drawn.plot.points.points()]
    assert len(set(brushes)) == 24


def test_a_drawing_can_be_cancelled_and_begun_again(qtbot, page):
    qtbot.mouseClick(page.controls.start, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.controls.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.controls.state.text() == "Cancelled", timeout=PATIENCE_MS)
    assert page.map is None
    assert page.controls.start.isEnabled()


@pytest.fixture
def fresh_children():
    """Return a function that returns the processes that were begun in this test and go on."""
    before = set(psutil.Process().children())
    return lambda: set(psutil.Process().children()) - before


def test_a_cancel_while_the_map_is_drawn_ends_its_process(qtbot, page, fresh_children):
    qtbot.mouseClick(page.controls.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "drawing" in page.controls.bar.format(), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: bool(fresh_children()), timeout=PATIENCE_MS)
    qtbot.mouseClick(page.controls.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.controls.state.text() == "Cancelled", timeout=PATIENCE_MS)
    assert not fresh_children()
    assert page.map is None


def test_a_window_that_is_closed_ends_the_drawing(qtbot, viewer, page, fresh_children):
    qtbot.mouseClick(page.controls.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(fresh_children()), timeout=PATIENCE_MS)
    viewer.close()
    assert not fresh_children()


def test_another_run_takes_the_map_away_and_none_cannot_be_drawn(drawn):
    drawn.set_run(None, None, 3)
    assert drawn.map is None
    assert not len(drawn.plot.points.data)
    assert not drawn.controls.start.isEnabled()
    assert "Choose a pretraining" in drawn.controls.start.toolTip()


def test_a_run_without_an_encoder_is_said_to_have_none(qtbot, page, pool, tmp_path):
    (tmp_path / "nothing").mkdir()
    page.set_run(tmp_path / "nothing", pool, 3)
    qtbot.mouseClick(page.controls.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "holds no checkpoint" in page.notice.text(), timeout=PATIENCE_MS)
    assert page.controls.start.isEnabled()


def test_a_file_that_is_gone_is_said_and_nothing_is_shown(qtbot, viewer, drawn):
    drawn.map.paths[0].unlink()
    click(drawn, 3)
    qtbot.waitUntil(lambda: drawn.map.paths[0].name in drawn.notice.text(), timeout=PATIENCE_MS)
    assert not viewer.layers


def test_colours_tell_hundreds_of_volumes_apart_and_positions_by_brightness():
    kinds = np.arange(200)
    assert len({color.name() for color in colors_of_kinds(kinds)}) > 190
    low, high = colors_of_shares(np.array([0.0, 1.0]))
    assert low.lightness() < high.lightness()
