from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QHelpEvent
from qtpy.QtWidgets import QApplication, QToolTip

from napari_salient.active_learning.interpolation import MAX_GAP, pseudo_slices
from napari_salient.widgets.pool_cells import CELL_COLOR, Cell, PoolCells
from napari_salient.widgets.pool_map import ROW_HEIGHT, PoolMap


@pytest.fixture
def pool_map(qtbot):
    pool_map = PoolMap()
    qtbot.addWidget(pool_map)
    pool_map.resize(350, 220)
    pool_map.set_cases([(10 + number, f"brain-{number:02d}", 90) for number in range(40)])
    pool_map.show()
    qtbot.waitExposed(pool_map)
    return pool_map


def click(qtbot, pool_map, row, index):
    place = pool_map.strips.rect_of(row, index).center()
    qtbot.mouseClick(pool_map.strips.viewport(), Qt.MouseButton.LeftButton, pos=place)


@pytest.mark.parametrize(("row", "index"), [(0, 0), (2, 45), (3, 89)])
def test_a_click_chooses_the_slice_under_it(qtbot, pool_map, row, index):
    with qtbot.waitSignal(pool_map.slice_chosen) as chosen:
        click(qtbot, pool_map, row, index)
    assert chosen.args == [10 + row, index]


def test_a_click_on_a_name_chooses_nothing(qtbot, pool_map):
    with qtbot.assertNotEmitted(pool_map.slice_chosen):
        qtbot.mouseClick(pool_map.strips.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 20))


def test_the_map_works_by_keyboard_alone(qtbot, pool_map):
    keys = [Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Right]
    for key in keys:
        qtbot.keyClick(pool_map.strips, key)
    with qtbot.waitSignal(pool_map.slice_chosen) as chosen:
        qtbot.keyClick(pool_map.strips, Qt.Key.Key_Return)
    assert chosen.args == [12, 1]
    with qtbot.waitSignal(pool_map.slice_chosen) as chosen:
        qtbot.keyClick(pool_map.strips, Qt.Key.Key_End)
        qtbot.keyClick(pool_map.strips, Qt.Key.Key_Return)
    assert chosen.args == [49, 0]


def test_the_cursor_stays_inside(qtbot, pool_map):
    qtbot.keyClick(pool_map.strips, Qt.Key.Key_Up)
    qtbot.keyClick(pool_map.strips, Qt.Key.Key_Left)
    assert pool_map.strips.cursor == (0, 0)


def test_the_current_slice_is_scrolled_into_sight(pool_map):
    pool_map.set_current(49, 30)
    place = pool_map.strips.rect_of(39, 30)
    assert pool_map.strips.viewport().rect().contains(place)


def test_a_cell_is_told_in_words(pool_map, qtbot):
    pool_map.set_states(12, 40, Cell.PROPOSED)
    pool_map.set_uncertainty(12, 40, 0.62)
    assert pool_map.cells.text(2, 40) == "brain-02, slice 41 of 90: proposed, uncertainty 0.62"
    viewport = pool_map.strips.viewport()
    place = pool_map.strips.rect_of(2, 40).center()
    asked = QHelpEvent(QEvent.Type.ToolTip, place, viewport.mapToGlobal(place))
    QApplication.sendEvent(viewport, asked)
    assert QToolTip.text() == pool_map.cells.text(2, 40)


def test_states_and_scores_are_set_in_bulk(pool_map):
    pool_map.set_states([10, 10, 11], [0, 1, 2], Cell.LABELLED)
    pool_map.set_states([12, 12], [0, 1], [Cell.DRAFT, Cell.PROPOSED])
    assert np.flatnonzero(pool_map.cells.states).tolist() == [0, 1, 92, 180, 181]


def test_of_ten_thousand_volumes_only_those_in_sight_are_drawn(qtbot, pool_map):
    pool_map.set_cases((number, f"case-{number}", 100) for number in range(10_000))
    pool_map.set_current(5000, 3)
    pool_map.grab()
    assert 5000 in pool_map.strips.rows_drawn
    assert len(pool_map.strips.rows_drawn) <= 220 // ROW_HEIGHT + 2


def test_an_empty_pool_can_be_shown(qtbot):
    pool_map = PoolMap()
    qtbot.addWidget(pool_map)
    pool_map.set_states([], [], Cell.LABELLED)
    pool_map.grab()
    qtbot.keyClick(pool_map.strips, Qt.Key.Key_Down)


def test_a_state_shows_in_its_colour_where_the_slice_is():
    cells = PoolCells([(1, "a", 10)])
    cells.states[3] = Cell.LABELLED
    picture = cells.paint(0, width=100, height=12)
    colored = (picture == CELL_COLOR[Cell.LABELLED]).all(axis=2)
    assert np.flatnonzero(colored.any(axis=0)).tolist() == list(range(30, 40))


def test_uncertain_slices_are_brighter():
    cells = PoolCells([(1, "a", 3)])
    cells.uncertainty[:] = [np.nan, 0.4, 0.9]
    row = cells.paint(0, width=3, height=2)[0, :, 0].astype(int)
    assert row[0] < row[1] < row[2]


@given(ids=st.lists(st.integers(1, 99), min_size=1, unique=True), data=st.data())
def test_slices_are_found_whatever_the_order_of_their_volumes(ids, data):
    cells = PoolCells([(case_id, "a", case_id) for case_id in ids])
    wanted = data.draw(st.lists(st.sampled_from(ids), min_size=1))
    expected = [cells.starts[cells.row_of[case_id]] + case_id - 1 for case_id in wanted]
    assert cells.places(wanted, np.array(wanted) - 1).tolist() == expected


@pytest.mark.parametrize("cells", [PoolCells(), PoolCells([(5, "a", 3)])])
def test_a_slice_of_an_unknown_volume_is_an_error(cells):
    with pytest.raises(KeyError, match="7"):
        cells.places([7], [0])


@given(count=st.integers(1, 600), width=st.integers(1, 300), place=st.integers(0, 10**6))
def test_no_state_is_lost_where_slices_share_a_pixel(count, width, place):
    cells = PoolCells([(1, "a", count)])
    cells.states[place % count] = Cell.SENT_BACK
    if count >= width:
        assert (cells.paint(0, width, 12) == CELL_COLOR[Cell.SENT_BACK]).all(axis=2).any()


@given(count=st.integers(1, 300), width=st.integers(1, 400), index=st.integers(0, 299))
def test_the_place_of_a_cell_is_where_its_pixels_are(count, width, index):
    index %= count
    left, right = -(-index * width // count), -(-(index + 1) * width // count)
    assert all(column * count // width == index for column in range(left, right))


@given(st.sets(st.integers(0, 29)))
def test_the_map_marks_the_slices_that_a_round_would_interpolate(labelled):
    cells = PoolCells([(1, "one", 30)])
    cells.states[sorted(labelled)] = Cell.LABELLED
    cells.bridge(rows=1, longest=MAX_GAP)
    found = pseudo_slices(np.zeros((30, 2, 2), np.uint8), labelled, "axial", (1.0, 1.0, 1.0))
    assert np.array_equal(np.flatnonzero(cells.states == Cell.INTERPOLATED), found.indices)


def test_what_lies_between_labelled_slices_close_to_each_other_is_interpolated():
    cells = PoolCells([(1, "one", 12), (2, "two", 12), (3, "held out", 12)])
    for case_id in (1, 2, 3):
        cells.states[cells.places(case_id, [0, 1, 5, 11])] = Cell.LABELLED
    cells.states[cells.places(2, 3)] = Cell.DRAFT
    cells.bridge(rows=2, longest=4)
    assert np.flatnonzero(cells.states == Cell.INTERPOLATED).tolist() == [2, 3, 4, 14, 16]
    assert cells.text(0, 3) == "one, slice 4 of 12: interpolated"
