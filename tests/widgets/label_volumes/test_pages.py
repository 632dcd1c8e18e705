from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from napari_salient.project.labels import LabelSchema
from napari_salient.project.rounds import Round
from napari_salient.widgets.label_volumes.classes_page import ClassesPage
from napari_salient.widgets.label_volumes.model_page import ModelPage
from napari_salient.widgets.label_volumes.pool_view import PoolView
from napari_salient.widgets.label_volumes.queue_table import QueueTable
from napari_salient.widgets.label_volumes.schema_editor import SchemaEditor
from napari_salient.widgets.label_volumes.set_up_page import SetUpPage
from napari_salient.widgets.pool_map import Cell


@pytest.fixture
def shown(qtbot):
    """Return a function that shows a widget."""

    def show(widget):
        qtbot.addWidget(widget)
        widget.show()
        qtbot.waitExposed(widget)
        return widget

    return show


def typed(line, text):
    line.setText(text)
    line.editingFinished.emit()


def test_a_class_is_renamed_and_gets_another_key(shown):
    editor = shown(SchemaEditor(LabelSchema.of("dim", "bright")))
    typed(editor.rows[0].name, "grey matter")
    typed(editor.rows[1].key, "7")
    assert editor.schema.class_names == ("grey matter", "bright")
    assert editor.schema.active[1].key == "7"


def test_a_class_can_be_added_and_its_name_typed_at_once(shown, qtbot):
    editor = shown(SchemaEditor(LabelSchema.of("dim")))
    with qtbot.waitSignal(editor.changed):
        editor.add.click()
    assert editor.schema.class_names == ("dim", "class 1")
    assert editor.rows[-1].name.selectedText() == "class 1"


@pytest.mark.parametrize(
    ("row", "field", "text", "sentence"),
    [
        (1, "key", "1", "paints dim already"),
        (1, "key", "a", "does something else"),
        (1, "name", "dim", "Two label classes"),
        (1, "name", " ", "needs a name"),
    ],
)
def test_what_cannot_be_is_said_and_not_applied(shown, row, field, text, sentence):
    editor = shown(SchemaEditor(LabelSchema.of("dim", "bright")))
    before = editor.schema
    typed(getattr(editor.rows[row], field), text)
    assert sentence in editor.problem.text()
    assert editor.problem.isVisible()
    assert editor.schema == before


def test_the_classes_of_a_project_change_on_disk(shown, session, qtbot):
    page = shown(ClassesPage(session))
    with qtbot.waitSignal(page.changed):
        typed(page.editor.rows[0].name, "grey matter")
    assert session.project.schema.class_names == ("grey matter", "bright")


def test_a_class_is_retired_and_used_again_by_keyboard_alone(shown, session, qtbot):
    page = shown(ClassesPage(session))
    retirement = page.retirement
    assert not retirement.retire.isEnabled()
    retirement.which.setFocus()
    QTest.keyClick(retirement.which, Qt.Key.Key_Down)
    QTest.keyClick(retirement.which, Qt.Key.Key_Down)
    assert retirement.which.currentText() == "bright"
    QTest.keyClick(retirement.which, Qt.Key.Key_Tab)
    QTest.keyClick(retirement.into, Qt.Key.Key_Down)
    assert retirement.into.currentText() == "dim"
    QTest.keyClick(retirement.into, Qt.Key.Key_Tab)
    with qtbot.waitSignal(page.changed):
        QTest.keyClick(retirement.retire, Qt.Key.Key_Space)
    assert session.project.schema.class_names == ("dim",)
    assert [row.name.text() for row in page.editor.rows] == ["dim"]
    assert not retirement.retire.isEnabled()

    row = retirement.retired.itemAt(0).widget()
    again = row.findChild(QPushButton)
    assert row.findChild(QLabel).text() == "bright counts as dim"
    with qtbot.waitSignal(page.changed):
        QTest.keyClick(again, Qt.Key.Key_Space)
    assert session.project.schema.class_names == ("dim", "bright")
    assert retirement.retired.count() == 0


def test_set_up_says_what_is_missing_one_thing_at_a_time(shown, tmp_path, volumes):
    page = shown(SetUpPage())
    page.create.click()
    assert page.problem.text() == "Choose a folder of volumes first."
    page.images.line.setText(str(tmp_path / "nowhere"))
    page.target.line.setText(str(tmp_path / "p"))
    page.create.click()
    assert str(tmp_path / "nowhere") in page.problem.text()
    page.images.line.setText(str(volumes[0].parent))
    page.create.click()
    assert page.problem.text() == ""


def test_set_up_takes_what_was_opened_and_suggests_the_projects_folder(shown, volumes):
    page = shown(SetUpPage())
    page.suggest(volumes[:2])
    wanted = page.wanted()
    assert wanted.images == tuple(volumes[:2])
    assert wanted.folder == volumes[0].parent.parent / "images-project"
    page.suggest([volumes[0].parent])
    assert page.wanted().images == (volumes[0].parent,)


def test_the_queue_is_walked_by_arrow_keys_and_leaves_letters_to_the_annotator(
    shown, session, qtbot
):
    class Panel(QWidget):
        heard = ""

        def keyPressEvent(self, event):
            self.heard += event.text()

    session.propose()
    panel = shown(Panel())
    table = QueueTable(panel)
    table.show()
    table.show_queue(session)
    second = session.queue[1]
    table.choose(0)
    with qtbot.waitSignal(table.proposal_chosen) as chosen:
        QTest.keyClick(table, Qt.Key.Key_Down)
    assert tuple(chosen.args) == (second.case_id, second.index)
    QTest.keyClick(table, Qt.Key.Key_A)
    assert panel.heard == "a"


def test_showing_the_queue_again_opens_nothing(shown, session, qtbot):
    session.propose()
    session.open_next()
    table = shown(QueueTable())
    with qtbot.assertNotEmitted(table.proposal_chosen):
        table.show_queue(session)
    session.accept()
    with qtbot.assertNotEmitted(table.proposal_chosen):
        table.show_queue(session)
    assert len(table.rows) == 3


def test_the_map_shows_the_states_of_the_journal(shown, session):
    session.propose()
    session.open_next()
    here = session.case.case.id, session.index
    session.accept()
    view = shown(PoolView())
    view.show_pool(session)
    place = view.cells.places(*here)
    assert view.cells.states[place] == Cell.LABELLED
    assert (view.cells.states == Cell.PROPOSED).sum() == 3


def test_the_model_page_says_what_a_slice_costs(shown, session):
    page = shown(ModelPage(session))
    assert page.effort.text() == ""
    session.propose()
    session.open_next()
    session.accept()
    page.show_rounds()
    assert page.effort.text().startswith("A slice takes you: blank ")
    assert page.effort.text().endswith("s and 0.0 strokes (1)")


def test_curve_and_signals_are_seen_without_scrolling_once_there_is_a_round(shown, session):
    page = shown(ModelPage(session))
    page.resize(390, 800)
    assert not page.curve.isVisible()
    for number, dice in enumerate((0.4, 0.6, 0.7), start=1):
        session.project.catalogue.add_round(
            Round(number, f"run-{number}", "strided", 4 * number, {"dice": dice})
        )
    page.show_rounds()
    QApplication.processEvents()
    for part in (page.curve, page.stop, page.strategy):
        assert part.isVisible()
        below = part.mapTo(page, part.rect().bottomLeft())
        assert below.y() <= page.height()
    assert page.curve.y() < page.stop.y() < page.strategy.y()
