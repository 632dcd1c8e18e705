from __future__ import annotations

import numpy as np
import pytest

from napari_salient.widgets.curve import CurvePanel


@pytest.fixture
def panel(qtbot):
    panel = CurvePanel("labelled slices", "Dice", y_range=(0, 1))
    qtbot.addWidget(panel)
    panel.show()
    return panel


def test_a_line_shows_what_it_was_given_last(panel):
    panel.set_line("validation", [12, 24], [0.4, 0.5])
    panel.set_line("validation", [12, 24, 36], [0.4, 0.5, np.nan])
    x, y = panel.data("validation")
    assert x.tolist() == [12, 24, 36]
    np.testing.assert_array_equal(y, [0.4, 0.5, np.nan])
    assert panel.names == ["validation"]


def test_lines_differ_in_colour_and_in_symbol(panel):
    for name in ("a", "b", "c"):
        panel.set_line(name, [0, 1], [0, 1])
    options = [panel._lines[name].opts for name in "abc"]
    assert len({option["symbol"] for option in options}) == 3
    assert len({option["pen"].color().name() for option in options}) == 3


def test_lines_are_named_in_a_legend_where_there_are_several(panel):
    legend = panel.plot.getPlotItem().legend
    panel.set_line("agreement", [0], [1])
    assert not legend.isVisible()
    panel.set_line("validation", [0], [1])
    assert legend.isVisible()
    assert [label.text for _, label in legend.items] == ["agreement", "validation"]


def test_axes_say_what_they_show(panel):
    item = panel.plot.getPlotItem()
    assert item.getAxis("bottom").labelText == "labelled slices"
    assert item.getAxis("left").labelText == "Dice"
    low, high = item.viewRange()[1]
    assert low <= 0
    assert high >= 1


def test_clear_leaves_nothing(panel):
    panel.set_line("a", [0, 1], [0, 1])
    panel.clear()
    assert panel.names == []
    assert panel.plot.getPlotItem().listDataItems() == []
    panel.set_line("a", [0, 1], [0, 1])
