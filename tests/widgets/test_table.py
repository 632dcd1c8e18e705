from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit

from napari_salient.widgets.table import Table, cell_text

ROWS = [("brain-02", 3, 0.91234), ("brain-01", 12, None), ("Brain-03", 7, 0.5)]


@pytest.fixture
def table(qtbot):
    table = Table(["case", "slice", "Dice"])
    qtbot.addWidget(table)
    table.resize(350, 200)
    table.set_rows(ROWS)
    table.show()
    return table


def click_title(qtbot, table, column):
    header = table.horizontalHeader()
    left = header.sectionViewportPosition(column)
    place = header.rect().center()
    place.setX(left + 5)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_rows_stand_as_given_until_a_title_is_clicked(qtbot, table):
    assert table.shown_order() == [0, 1, 2]
    click_title(qtbot, table, 0)
    first = table.shown_order()
    click_title(qtbot, table, 0)
    assert first == table.shown_order()[::-1]
    assert sorted((tuple(first), tuple(first[::-1]))) == [(1, 0, 2), (2, 0, 1)]


def test_numbers_are_sorted_by_value_and_missing_ones_come_first(table):
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert table.shown_order() == [0, 2, 1]
    table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert table.shown_order() == [1, 2, 0]


def test_the_arrow_keys_choose_a_row_by_its_original_number(qtbot, table):
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    table.choose(0)
    with qtbot.waitSignal(table.row_chosen) as chosen:
        qtbot.keyClick(table, Qt.Key.Key_Down)
    assert chosen.args == [2]
    assert table.current_row() == 2


def test_a_click_chooses_a_row(qtbot, table):
    place = table.visualRect(table.model().index(1, 1)).center()
    with qtbot.waitSignal(table.row_chosen) as chosen:
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert chosen.args == [1]


def test_new_rows_keep_the_current_one_and_say_nothing(qtbot, table):
    table.choose(1)
    with qtbot.assertNotEmitted(table.row_chosen):
        table.set_rows([*ROWS, ("brain-04", 1, 0.1)])
    assert table.current_row() == 1
    table.set_rows([])
    assert table.current_row() is None


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (True, "yes"), (0.91234, "0.912"), (12, "12"), ("a", "a")]
)
def test_cells_are_written_for_people(value, text):
    assert cell_text(value) == text


@pytest.fixture
def notes(qtbot):
    table = Table(["run", "note"], editable="note")
    qtbot.addWidget(table)
    table.set_rows([("b", ""), ("a", "keep")])
    table.show()
    return table


def double_click(qtbot, table, row, column):
    index = table.model().index(row, column)
    place = table.visualRect(index).center()
    for click in (qtbot.mouseClick, qtbot.mouseDClick):
        click(table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_a_cell_of_the_editable_column_is_typed_into(qtbot, notes):
    notes.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    heard = []
    notes.edited.connect(lambda row, text: heard.append((row, text)))
    double_click(qtbot, notes, 0, 1)
    assert notes.editing
    editor = notes.findChild(QLineEdit)
    assert editor.text() == "keep"
    editor.selectAll()
    qtbot.keyClicks(editor, "best so far")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: heard == [(1, "best so far")])
    assert not notes.editing


def test_other_columns_and_other_tables_are_not_edited(qtbot, notes, table):
    double_click(qtbot, notes, 0, 0)
    double_click(qtbot, table, 0, 0)
    assert not notes.editing
    assert not table.editing
