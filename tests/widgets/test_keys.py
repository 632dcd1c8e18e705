from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.key_bindings import KeymapHandler
from qtpy.QtWidgets import QLabel

from napari_salient.widgets.keys import CheatSheet, Key, KeyTable, key_text


@pytest.fixture
def pressed():
    return []


@pytest.fixture
def table(pressed):
    return KeyTable(
        [
            Key("A", "Accept and next", lambda: pressed.append("accept"), "Slice"),
            Key("Enter", "Accept and next", lambda: pressed.append("accept"), "Slice"),
            Key("Control-Z", "Undo", lambda: pressed.append("undo"), "History"),
        ]
    )


def handler_of(*providers) -> KeymapHandler:
    handler = KeymapHandler()
    handler.keymap_providers = list(providers)
    return handler


def test_a_bound_key_acts(table, pressed):
    viewer = ViewerModel()
    table.bind(viewer)
    handler_of(viewer).press_key("A")
    assert pressed == ["accept"]


def test_on_a_layer_the_table_beats_what_its_class_binds(table, pressed):
    layer = Labels(np.zeros((4, 4), int))
    table.bind(layer)
    handler_of(layer).press_key("Control-Z")
    assert pressed == ["undo"]


def test_unbind_gives_back_what_was_bound_before(table, pressed):
    viewer = ViewerModel()
    viewer.bind_key("A", lambda _: pressed.append("before"))
    keymap = dict(viewer.keymap)
    table.bind(viewer)
    table.unbind()
    assert viewer.keymap == keymap
    handler_of(viewer).press_key("A")
    assert pressed == ["before"]


def test_one_target_can_be_unbound_alone(table, pressed):
    viewer, layer = ViewerModel(), Labels(np.zeros((4, 4), int))
    table.bind(viewer)
    table.bind(layer)
    table.unbind(layer)
    assert not layer.keymap
    handler_of(layer, viewer).press_key("A")
    assert pressed == ["accept"]
    table.unbind()
    assert not viewer.keymap


def test_the_cheat_sheet_shows_every_key_once(qtbot, table):
    sheet = CheatSheet(table)
    qtbot.addWidget(sheet)
    texts = [label.text() for label in sheet.findChildren(QLabel)]
    assert texts[:3] == ["<b>Slice</b>", "A or Enter", "Accept and next"]
    assert texts[3:] == ["<b>History</b>", key_text("Control-Z"), "Undo"]
    assert sheet.isHidden()
    sheet.toggle()
    assert sheet.isVisible()
    sheet.toggle()
    assert sheet.isHidden()
