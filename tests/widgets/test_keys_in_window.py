"""Keys pressed in napari's real window."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_salient.widgets.keys import CheatSheet, Key, KeyTable
from napari_salient.widgets.pool_map import PoolMap

pytestmark = [
    pytest.mark.slow,
    pytest.mark.window,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


@pytest.fixture
def pressed():
    return []


@pytest.fixture
def panel(make_napari_viewer, qtbot, pressed):
    """A viewer with a labels layer, a docked panel, and keys bound on both."""
    viewer = make_napari_viewer(show=True)
    layer = viewer.add_labels(np.zeros((3, 8, 8), np.uint8))
    panel = QWidget()
    table = KeyTable(
        [
            Key("A", "Accept and next", lambda: pressed.append("accept")),
            Key("Control-Z", "Undo", lambda: pressed.append("undo")),
            Key("F1", "Show the keys", lambda: panel.sheet.toggle()),
        ]
    )
    panel.map, panel.sheet, panel.button = PoolMap(), CheatSheet(table), QPushButton("Train")
    layout = QVBoxLayout(panel)
    for part in (panel.map, panel.sheet, panel.button):
        layout.addWidget(part)
    panel.map.set_cases([(1, "brain-01", 3)])
    viewer.window.add_dock_widget(panel)
    for target in (viewer, layer):
        table.bind(target)
    panel.canvas = viewer.window._qt_viewer.canvas.native
    yield panel
    table.unbind()


@pytest.mark.parametrize("place", ["canvas", "map", "button"])
def test_keys_act_wherever_the_focus_is(qtbot, panel, pressed, place):
    widget = getattr(panel, place)
    target = widget.strips if place == "map" else widget
    target.setFocus()
    qtbot.keyClick(target, Qt.Key.Key_A)
    qtbot.keyClick(target, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert pressed == ["accept", "undo"]
    qtbot.keyClick(target, Qt.Key.Key_F1)
    assert panel.sheet.isVisible()


def test_the_arrow_keys_belong_to_the_map_while_it_has_the_focus(qtbot, panel):
    qtbot.keyClick(panel.map.strips, Qt.Key.Key_Right)
    assert panel.map.strips.cursor == (0, 1)
