from __future__ import annotations

from napari_salient.active_learning.interpolation import LONGEST_GAP
from napari_salient.widgets.label_volumes.pool_view import PoolView
from napari_salient.widgets.pool_cells import Cell


def test_the_map_marks_as_interpolated_what_opens_with_outlines(qtbot, session):
    for index in (0, LONGEST_GAP):
        session.open(1, index)
        session.accept()
    view = PoolView()
    qtbot.addWidget(view)
    view.show_pool(session)
    marked = view.cells.states[view.cells.span(0)] == Cell.INTERPOLATED
    for index, is_marked in enumerate(marked):
        session.open(1, index)
        assert is_marked == (session.bridge() is not None)
