from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_salient.errors import ProjectError
from napari_salient.project.edits import box_slices
from napari_salient.project.journal import Journal
from napari_salient.project.states import SliceMark, SliceState

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (4, 6, 6)
DRAFT = (SliceState.DRAFT, "edited")
BLANK = SliceMark()


def paint(journal: Journal, labels: np.ndarray, case_id: int, index: int, value: int) -> int:
    """Paint a square on an axial slice and record it, as an annotator's stroke would be."""
    box = (index, index + 1, 1, 3, value % 3, value % 3 + 2)
    before = labels[box_slices(box)].copy()
    labels[box_slices(box)] = value
    after = labels[box_slices(box)]
    return journal.record(case_id, "stroke", box, before, after, {("axial", index): DRAFT})


def test_a_commit_waits_for_the_disk(journal: Journal) -> None:
    full = 2
    assert journal._connection.execute("PRAGMA synchronous").fetchone()[0] == full
    assert journal._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_recorded_edit_is_read_by_another_connection_at_once(journal: Journal) -> None:
    edit_id = paint(journal, np.zeros(SHAPE, np.uint8), 1, 2, 5)
    other = sqlite3.connect(journal.path)
    assert other.execute("SELECT id FROM edits").fetchall() == [(edit_id,)]
    other.close()


def test_an_edit_says_who_when_where_and_what(journal: Journal) -> None:
    journal.annotator = "ann"
    paint(journal, np.zeros(SHAPE, np.uint8), 7, 2, 5)
    (edit,) = journal.edits(7)
    assert (edit.annotator, edit.case_id, edit.kind, edit.undoes) == ("ann", 7, "stroke", None)
    assert edit.box == (2, 3, 1, 3, 2, 4)
    assert edit.before.tolist() == [[[0, 0], [0, 0]]]
    assert edit.after.tolist() == [[[5, 5], [5, 5]]]
    assert edit.states == {("axial", 2): (BLANK, SliceMark(*DRAFT))}
    assert edit.time.utcoffset().total_seconds() == 0


def test_undo_reaches_back_over_120_edits_slices_predictions_and_restarts(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal, labels = Journal.create(path), np.zeros(SHAPE, np.uint8)
    stages = [labels.copy()]
    for number in range(120):
        paint(journal, labels, 1, number % SHAPE[0], 1 + number % 250)
        stages.append(labels.copy())
        if number % 30 == 0:
            journal.close()
            journal = Journal(path)
    for stage in reversed(stages[:-1]):
        journal.undo(1).apply(labels)
        assert np.array_equal(labels, stage)
    assert journal.undo(1) is None
    journal.close()
    journal = Journal(path)
    for stage in stages[1:]:
        journal.redo(1).apply(labels)
        assert np.array_equal(labels, stage)
    assert journal.redo(1) is None
    journal.close()


def test_undo_and_redo_are_rows_of_their_own(journal: Journal) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    stroke = paint(journal, labels, 1, 0, 5)
    undo, redo = journal.undo(1), journal.redo(1)
    assert [edit.kind for edit in journal.edits()] == ["stroke", "undo", "redo"]
    assert (undo.undoes, redo.undoes) == (stroke, undo.id)


def test_a_new_edit_clears_redo(journal: Journal) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    paint(journal, labels, 1, 0, 5)
    journal.undo(1).apply(labels)
    paint(journal, labels, 1, 0, 6)
    assert journal.redo(1) is None


def test_cases_are_undone_apart(journal: Journal) -> None:
    paint(journal, np.zeros(SHAPE, np.uint8), 1, 0, 5)
    paint(journal, np.zeros(SHAPE, np.uint8), 2, 0, 6)
    assert journal.undo(1).after.max() == 0
    assert journal.undo(1) is None
    assert journal.undo(2) is not None


def test_undo_gives_slices_their_old_state_back(journal: Journal) -> None:
    paint(journal, np.zeros(SHAPE, np.uint8), 1, 0, 5)
    journal.record(1, "accept", states={("axial", 0): (SliceState.ACCEPTED, "edited")})
    journal.undo(1)
    assert journal.slice_state(1, "axial", 0).mark == SliceMark(*DRAFT)
    journal.undo(1)
    assert journal.slice_state(1, "axial", 0).mark == BLANK


def test_undo_passes_over_what_the_queue_did(journal: Journal) -> None:
    paint(journal, np.zeros(SHAPE, np.uint8), 1, 0, 5)
    journal.undo(1)
    proposed = {("axial", 3): (SliceState.PROPOSED, "")}
    journal.record(1, "propose", states=proposed, undoable=False)
    assert journal.redo(1) is not None
    assert journal.undo(1).box is not None
    assert journal.slice_state(1, "axial", 3).state == SliceState.PROPOSED


def test_an_edit_of_voxels_can_always_be_undone(journal: Journal) -> None:
    voxel = np.zeros((1, 1, 1), np.uint8)
    with pytest.raises(ValueError, match="can always be undone"):
        journal.record(1, "stroke", (0, 1, 0, 1, 0, 1), voxel, voxel, undoable=False)


def test_a_box_without_voxels_is_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="together or not at all"):
        journal.record(1, "stroke", (0, 1, 0, 1, 0, 1))


actions = st.lists(st.sampled_from(["paint", "propose", "undo", "redo", "reopen"]), max_size=25)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(actions)
def test_undo_and_redo_behave_like_two_stacks(tmp_path_factory, sequence) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    journal, labels = Journal.create(path), np.zeros(SHAPE, np.uint8)
    done, undone, painted = [labels.copy()], [], 0
    for action in sequence:
        if action == "paint":
            painted += 1
            paint(journal, labels, 1, painted % SHAPE[0], painted)
            done.append(labels.copy())
            undone.clear()
        elif action == "propose":
            journal.record(1, "propose", states={("axial", 0): DRAFT}, undoable=False)
        elif action == "reopen":
            journal.close()
            journal = Journal(path)
        else:
            source, target = (done, undone) if action == "undo" else (undone, done)
            edit = journal.undo(1) if action == "undo" else journal.redo(1)
            assert (edit is None) == (len(source) < (2 if action == "undo" else 1))
            if edit is not None:
                edit.apply(labels)
                target.append(source.pop())
        assert np.array_equal(labels, done[-1])
    replayed = np.zeros(SHAPE, np.uint8)
    journal.replay(1, replayed)
    assert np.array_equal(replayed, labels)
    journal.close()


def test_replaying_rows_twice_changes_nothing(journal: Journal) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    ids = [paint(journal, labels, 1, number % 2, number + 1) for number in range(6)]
    replayed = labels.copy()
    for since in (0, ids[2], ids[-1]):
        journal.replay(1, replayed, since)
        assert np.array_equal(replayed, labels)


def test_slice_states_are_found_by_case_and_by_state(journal: Journal) -> None:
    journal.record(2, "accept", states={("axial", 1): (SliceState.ACCEPTED, "empty")})
    journal.record(1, "draft", states={("axial", 3): DRAFT, ("axial", 0): DRAFT})
    assert [(r.case_id, r.index) for r in journal.slice_states()] == [(1, 0), (1, 3), (2, 1)]
    assert [r.index for r in journal.slice_states(case_id=1)] == [0, 3]
    assert [r.note for r in journal.slice_states(state=SliceState.ACCEPTED)] == ["empty"]
    everywhere = journal.places("axial", *SliceState)
    assert everywhere == {(r.case_id, r.index) for r in journal.slice_states()}
    assert journal.places("axial", SliceState.ACCEPTED) < everywhere
    assert journal.places("coronal", *SliceState) == journal.places("axial") == set()
    assert journal.slice_state(9, "axial", 9).state == SliceState.UNLABELLED


def test_a_pseudo_label_is_marked_as_such(journal: Journal) -> None:
    journal.record(1, "interpolate", states={("axial", 0): (SliceState.DRAFT, "", True)})
    assert journal.slice_state(1, "axial", 0).pseudo


def test_a_state_that_does_not_exist_is_refused_and_nothing_is_written(journal: Journal) -> None:
    with pytest.raises(ValueError, match="finished"):
        journal.record(1, "accept", states={("axial", 0): ("finished", "")})
    assert journal.last_edit(1) == 0


def test_threads_may_record_at_the_same_time(journal: Journal) -> None:
    def work(case_id: int) -> None:
        labels = np.zeros(SHAPE, np.uint8)
        for number in range(20):
            paint(journal, labels, case_id, number % 4, number + 1)

    threads = [threading.Thread(target=work, args=(case_id,)) for case_id in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(journal.edits())) == 80
    assert all(len(list(journal.edits(case_id))) == 20 for case_id in range(4))


def test_a_scan_that_is_under_way_does_not_hold_up_a_stroke(journal: Journal) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    paint(journal, labels, 1, 0, 1)
    paint(journal, labels, 1, 1, 2)
    scan = journal.edits()
    first = next(scan)
    third = paint(journal, labels, 1, 2, 3)
    assert [first.id, *(edit.id for edit in scan)] == [third - 2, third - 1]


def test_undo_reads_no_voxels_of_other_edits(journal: Journal) -> None:
    plan = journal._connection.execute(
        "EXPLAIN QUERY PLAN SELECT undo_top, redo_top FROM edits WHERE case_id = 1 "
        "ORDER BY id DESC LIMIT 1"
    ).fetchall()
    assert "USING INDEX edits_by_case" in plan[0][-1]


def test_a_journal_opened_read_only_refuses_to_write(journal: Journal) -> None:
    reader = Journal(journal.path, read_only=True)
    with pytest.raises(ProjectError, match="read-only"):
        reader.record(1, "accept", states={("axial", 0): DRAFT})
    reader.close()


def test_rows_written_together_are_on_disk_all_or_none(journal: Journal) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    with journal.together():
        paint(journal, labels, 1, 0, 5)
        paint(journal, labels, 2, 0, 6)
    assert [edit.case_id for edit in journal.edits()] == [1, 2]

    def torn() -> None:
        with journal.together():
            paint(journal, labels, 1, 1, 5)
            journal.record(1, "stroke", (0, 1, 0, 1, 0, 1))

    with pytest.raises(ValueError, match="come together"):
        torn()
    assert journal.last_edit(1) == 1
