"""Live labels, their shadow and the journal stay the same whatever is painted."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_salient.data.planes import PLANES, Plane, axis_of, slice_of
from napari_salient.project.editing import CaseEditor, joined_box
from napari_salient.project.journal import Journal
from napari_salient.project.states import SliceMark, SliceState

SHAPE = (4, 5, 6)
DRAFT = SliceMark(SliceState.DRAFT, "prediction")

boxes = st.tuples(*(st.integers(0, side - 1) for side in SHAPE for _ in range(2)))
strokes = st.lists(st.tuples(boxes, st.integers(0, 3)), min_size=1, max_size=8)


def paint(labels: np.ndarray, box: tuple[int, ...], value: int) -> None:
    ends = [sorted(box[2 * axis : 2 * axis + 2]) for axis in range(3)]
    labels[tuple(slice(low, high + 1) for low, high in ends)] = value


@settings(max_examples=40, deadline=None)
@given(strokes=strokes, plane=st.sampled_from(PLANES))
def test_the_journal_replays_and_undoes_every_painting(
    strokes: list[tuple[tuple[int, ...], int]], plane: Plane
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.create(Path(folder) / "journal.db")
        labels = np.zeros(SHAPE, np.uint8)
        editor = CaseEditor(journal, 1, labels, plane)
        recorded = 0
        for box, value in strokes:
            before = labels.copy()
            paint(labels, box, value)
            change = editor.unrecorded()
            assert (change is None) == np.array_equal(before, labels)
            if change is not None:
                others = tuple(axis for axis in range(3) if axis != axis_of(plane))
                hit = np.flatnonzero((before != labels).any(axis=others))
                assert change.indices == tuple(hit)
                editor.record("stroke", change)
                recorded += 1
        replayed = np.zeros(SHAPE, np.uint8)
        journal.replay(1, replayed)
        assert np.array_equal(replayed, labels)
        for _ in range(recorded):
            assert editor.undo() is not None
        assert editor.undo() is None
        assert not labels.any()
        assert editor.unrecorded() is None
        journal.close()


@pytest.mark.parametrize("plane", PLANES)
def test_putting_a_slice_changes_that_slice_only(tmp_path: Path, plane: Plane) -> None:
    journal = Journal.create(tmp_path / "journal.db")
    labels = np.zeros(SHAPE, np.uint8)
    editor = CaseEditor(journal, 1, labels, plane)
    wanted = np.zeros_like(slice_of(labels, plane, 2))
    wanted[1, 2:4] = 3
    box = editor.put(2, wanted, "pre-annotation", DRAFT)
    assert box is not None
    assert box[2 * axis_of(plane) : 2 * axis_of(plane) + 2] == (2, 3)
    assert np.array_equal(slice_of(labels, plane, 2), wanted)
    assert np.count_nonzero(labels) == 2
    assert editor.mark(2) == DRAFT
    assert editor.put(2, wanted, "pre-annotation", DRAFT) is None
    journal.close()


@pytest.mark.parametrize("plane", PLANES)
def test_several_slices_are_put_in_one_row_and_those_between_stay(
    tmp_path: Path, plane: Plane
) -> None:
    journal = Journal.create(tmp_path / "journal.db")
    labels = np.zeros(SHAPE, np.uint8)
    slice_of(labels, plane, 2)[...] = 4
    editor = CaseEditor(journal, 1, labels, plane)
    wanted = np.full_like(slice_of(labels, plane, 2), 3)
    assert editor.put_all({3: wanted, 1: wanted}, "fill", DRAFT) is not None
    assert [int(slice_of(labels, plane, i).max()) for i in range(4)] == [0, 3, 4, 3]
    assert [editor.mark(i).state for i in (1, 3)] == [SliceState.DRAFT] * 2
    assert editor.mark(2).state is SliceState.UNLABELLED
    assert len(list(journal.edits())) == 1
    editor.undo()
    assert [int(slice_of(labels, plane, i).max()) for i in range(4)] == [0, 0, 4, 0]
    journal.close()


def test_only_the_touched_slices_are_looked_at() -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.create(Path(folder) / "journal.db")
        labels = np.zeros(SHAPE, np.uint8)
        editor = CaseEditor(journal, 1, labels, "coronal")
        labels[0, 1, 0] = labels[0, 3, 0] = 1
        change = editor.unrecorded(slice(3, 4))
        assert change is not None
        assert change.box == (0, 1, 3, 4, 0, 1)
        assert change.indices == (3,)
        journal.close()


def test_joined_boxes_hold_each_of_them() -> None:
    assert joined_box([None, (0, 1, 2, 3, 4, 5), (1, 2, 0, 1, 4, 6)]) == (0, 2, 0, 3, 4, 6)
    assert joined_box([None]) is None
