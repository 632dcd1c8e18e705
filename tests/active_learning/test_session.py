"""What the annotator does, without a window."""

from __future__ import annotations

import shutil
import threading
from typing import Any

import numpy as np
import pytest

from napari_salient.active_learning.annotation import Annotation
from napari_salient.active_learning.session import LabellingSession
from napari_salient.data.planes import plane_slice
from napari_salient.errors import InputError
from napari_salient.project.project import Project
from napari_salient.project.splits import SplitFractions
from napari_salient.project.states import SliceState


def state(session: LabellingSession, case_id: int, index: int) -> tuple[str, str]:
    record = session.project.journal.slice_state(case_id, session.plane, index)
    return record.state.value, record.note


def here(session: LabellingSession) -> tuple[int, int]:
    assert session.case is not None
    assert session.index is not None
    return session.case.case.id, session.index


def stroke(session: LabellingSession, value: int = 1, row: int = 3) -> None:
    """Paint a short line on the current slice, as the viewer does: without a word."""
    assert session.case is not None
    session.case.labels[plane_slice("axial", session.index or 0)][row, 2:6] = value


def rows(session: LabellingSession) -> int:
    return sum(1 for _ in session.project.journal.edits())


def test_first_proposals_need_no_model(blobs: Any) -> None:
    session = blobs.session(strategy="entropy")
    proposals = session.propose()
    assert len(proposals) == 6
    assert "entropy begins after the next training" in proposals[0].reason
    assert session.queue == proposals


def test_only_slices_of_the_pool_are_proposed(make_blobs: Any) -> None:
    blobs = make_blobs(cases=8, fractions=SplitFractions(0.5, 0.25, 0.25))
    session = blobs.session()
    pool = blobs.project.catalogue.ids_in("pool")
    proposed = {p.case_id for p in session.propose(10_000)}
    assert proposed == pool
    assert session.propose() == []


def test_nothing_is_proposed_twice(blobs: Any) -> None:
    session = blobs.session()
    session.propose(6)
    blobs.label(session, 2)
    session.open_next()
    session.reject()
    session.open_next()
    session.mark_unsure()
    later = session.propose(1000)
    slices = 4 * 24
    assert len(later) == slices - 6
    assert len({(p.case_id, p.index) for p in session.queue}) == slices - 4


def test_accepting_keeps_what_the_array_holds(blobs: Any) -> None:
    session = blobs.session()
    session.propose()
    session.open_next()
    place = here(session)
    blobs.paint(session)
    painted = session.case.labels.copy()
    session.accept()
    assert state(session, *place) == ("accepted", "edited")
    assert np.array_equal(blobs.project.label_array(place[0]), painted)
    assert place not in [(p.case_id, p.index) for p in session.queue]


def test_an_untouched_blank_slice_is_accepted_as_empty(blobs: Any) -> None:
    session = blobs.session()
    session.propose()
    session.open_next()
    session.accept()
    assert state(session, *here(session)) == ("accepted", "empty")


def test_looking_without_painting_writes_nothing(blobs: Any) -> None:
    session = blobs.session()
    session.propose()
    session.open_next()
    before = rows(session)
    assert session.record_changes() is None
    assert rows(session) == before


def test_a_stroke_is_one_row_and_makes_a_draft(blobs: Any) -> None:
    session = blobs.session()
    session.propose()
    session.open_next()
    stroke(session)
    before = rows(session)
    assert session.record_changes(touched=slice(session.index, session.index + 1))
    assert rows(session) == before + 1
    assert state(session, *here(session)) == ("draft", "edited")
    assert here(session) in [(p.case_id, p.index) for p in session.queue]


def test_a_stroke_through_the_volume_marks_every_slice_it_touched(blobs: Any) -> None:
    session = blobs.session()
    case = session.open(1, 5)
    case.labels[3:6, 2, 2] = 1
    session.record_changes()
    assert [state(session, 1, z)[0] for z in range(2, 7)] == [
        "unlabelled", "draft", "draft", "draft", "unlabelled",
    ]  # fmt: skip


def test_a_stroke_through_done_slices_queues_them_next_and_one_undo_takes_all_of_it_back(
    blobs: Any,
) -> None:
    session = blobs.session()
    session.open(1, 4)
    session.accept()
    session.open(1, 6)
    session.mark_unsure()
    case = session.open(1, 5)
    case.labels[3:8, 2, 2] = 1
    session.record_changes()
    assert [state(session, 1, z) for z in range(3, 8)] == [
        ("draft", "edited" if z == 5 else "prompted") for z in range(3, 8)
    ]
    assert [p.index for p in session.queue] == [5, 6, 7, 4, 3]
    session.open(1, 7)
    session.undo()
    assert [state(session, 1, z)[0] for z in range(3, 8)] == [
        "unlabelled", "accepted", "unlabelled", "sent_back", "unlabelled",
    ]  # fmt: skip
    assert session.queue == []
    assert not case.labels.any()


def test_an_edit_after_accepting_asks_for_another_decision(blobs: Any) -> None:
    session = blobs.session()
    session.open(1, 5)
    session.accept()
    stroke(session)
    session.record_changes()
    assert state(session, 1, 5) == ("draft", "edited")
    assert session.queue[0].reason == "edited after it was done"


def test_marking_empty_clears_and_accepts_in_one_row(blobs: Any) -> None:
    session = blobs.session()
    session.open(1, 5)
    stroke(session)
    session.record_changes()
    before = rows(session)
    assert session.mark_empty() == (5, 6, 3, 4, 2, 6)
    assert rows(session) == before + 1
    assert not session.case.labels.any()
    assert state(session, 1, 5) == ("accepted", "empty")


def test_what_was_sent_back_waits_until_it_is_reopened(blobs: Any) -> None:
    session = blobs.session()
    session.propose()
    first = session.open_next()
    session.mark_unsure()
    assert state(session, first.case_id, first.index) == ("sent_back", "unsure")
    assert first not in session.queue
    session.reopen(first.case_id, first.index)
    assert session.queue[0] == first


def test_an_undone_decision_is_current_again_in_its_old_place(blobs: Any) -> None:
    session = blobs.session()
    before = session.propose()
    for decide in (Annotation.accept, Annotation.reject, Annotation.mark_unsure):
        first = session.open_next()
        decide(session)
        session.open_next()
        session.undo()
        assert here(session) == (first.case_id, first.index)
        assert session.queue == before


def test_redo_does_again_what_undo_took_back(blobs: Any) -> None:
    session = blobs.session()
    session.open(1, 5)
    stroke(session)
    session.record_changes()
    session.accept()
    painted = session.case.labels.copy()
    session.undo()
    assert session.undo() == (5, 6, 3, 4, 2, 6)
    assert not session.case.labels.any()
    session.redo()
    session.redo()
    assert np.array_equal(session.case.labels, painted)
    assert state(session, 1, 5) == ("accepted", "edited")
    assert session.redo() is None


def test_undo_goes_back_over_cases_in_the_order_of_work(blobs: Any) -> None:
    session = blobs.session()
    for case_id in (1, 2, 1, 3):
        session.open(case_id, 5)
        stroke(session, row=rows(session) + 2)
        session.record_changes()
    seen = []
    while session.undo() is not None:
        seen.append(here(session)[0])
    assert seen == [3, 1, 2, 1]


def test_a_hundred_steps_are_undone_across_slices_and_restarts(blobs: Any) -> None:
    session = blobs.session()
    rng = np.random.default_rng(0)
    for _ in range(120):
        session.open(int(rng.integers(1, 3)), int(rng.integers(3, 6)))
        stroke(session, value=1 + session.case.labels.max() % 200, row=int(rng.integers(24)))
        assert session.record_changes()
    for _ in range(60):
        assert session.undo() is not None
    session = blobs.restart()
    for _ in range(60):
        assert session.undo() is not None
    assert session.undo() is None
    for case_id in (1, 2):
        assert not blobs.project.label_array(case_id).any()


def test_a_restart_goes_on_with_the_same_queue(blobs: Any) -> None:
    session = blobs.session()
    session.propose()
    blobs.label(session, 2)
    session.open_next()
    stroke(session)
    session.record_changes()
    before = session.queue
    session = blobs.restart()
    assert session.queue == before
    assert session.open_next() == before[0]
    assert session.case.labels[session.index].any()


def test_a_restart_draws_the_proposals_that_would_have_come(blobs: Any) -> None:
    session = blobs.session()
    session.propose(4)
    shutil.copytree(blobs.folder, blobs.folder.with_name("copy"))
    expected = session.propose(4)
    with Project.open(blobs.folder.with_name("copy")) as copy:
        assert LabellingSession(copy, session.settings).propose(4) == expected


def test_slices_marked_just_before_a_crash_are_still_in_the_queue(blobs: Any) -> None:
    session = blobs.session()
    before = (session.propose(2), (blobs.folder / "queue.json").read_bytes())
    session.propose(2)
    (blobs.folder / "queue.json").write_bytes(before[1])
    session = blobs.restart()
    assert len(session.queue) == 4
    assert session.queue[:2] == before[0]


def test_strokes_not_yet_recorded_are_saved_when_another_slice_is_opened(blobs: Any) -> None:
    session = blobs.session()
    session.open(1, 5)
    stroke(session)
    session.open(2, 5)
    assert blobs.project.label_array(1)[5].any()


def test_a_case_that_two_threads_want_is_read_once(blobs: Any) -> None:
    session = blobs.session()
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(session.load_case(1))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(case) for case in found}) == 1


def test_memory_does_not_grow_with_the_cases_that_were_opened(blobs: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("napari_salient.active_learning.opening.CACHE_BYTES", 200_000)
    session = blobs.session()
    for case_id in (1, 2, 3, 4):
        session.open(case_id, 5)
        stroke(session)
    assert 4 in session._cache
    assert 1 not in session._cache
    assert session.open(1, 5).labels[5].any()


def test_a_slice_that_does_not_exist_leaves_the_open_one_open(blobs: Any) -> None:
    session = blobs.session()
    session.open(1, 5)
    with pytest.raises(InputError, match="no axial slice 25; choose 1 to 24"):
        session.open(2, 24)
    assert here(session) == (1, 5)


def test_a_volume_that_cannot_be_read_is_set_aside_and_the_next_one_opened(blobs: Any) -> None:
    session = blobs.session()
    session.propose(8)
    bad = session.queue[0].case_id
    path = blobs.project.catalogue.case(bad).path
    path.write_bytes(path.read_bytes()[:1000])
    opened = session.open_next()
    assert opened is not None
    assert opened.case_id != bad
    assert list(session.set_aside) == [bad]
    assert bad not in {p.case_id for p in session.queue + session.propose(1000)}
    assert list(blobs.restart().set_aside) == [bad]


def test_progress_counts_the_pool(blobs: Any) -> None:
    session = blobs.session()
    session.propose(6)
    blobs.label(session, 2)
    session.open_next()
    session.reject()
    counts = session.progress()
    assert (counts.slices, counts.accepted, counts.sent_back, counts.proposed) == (96, 2, 1, 3)


def test_imported_labels_are_accepted_and_shown_at_once(blobs: Any, tmp_path: Any) -> None:
    session = blobs.session()
    session.open(1, 12)
    blobs.paint(session)
    session.accept()
    [exported] = session.project.export(tmp_path / "out").files
    case = session.open(2, 12)
    session.import_labels(2, exported)
    assert session.case is case
    assert np.array_equal(case.labels[12], blobs.project.label_array(1)[12])
    assert state(session, 2, 0) == (SliceState.ACCEPTED, "imported")
    session.undo()
    assert not case.labels.any()


def test_a_case_is_compacted_once_its_tail_is_long(blobs: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("napari_salient.active_learning.opening.LONG_TAIL", 3)
    session = blobs.session()
    session.open(1, 5)
    file = blobs.project.label_file(session.case.case)
    for row in range(4):
        session.compact(1)
        assert not file.exists()
        stroke(session, row=row)
        session.record_changes()
    session.compact(1)
    assert file.exists()
    painted = session.case.labels.copy()
    session = blobs.restart()
    assert np.array_equal(session.open(1, 5).labels, painted)
    while session.undo() is not None:
        pass
    assert not blobs.project.label_array(1).any()


def test_a_retired_class_is_shown_as_what_it_counts_as_and_comes_back(blobs: Any) -> None:
    session = blobs.session()
    case = session.open(1, 12)
    blobs.paint(session)
    session.accept()
    painted = case.labels.copy()
    schema = blobs.project.schema
    session.set_schema(schema.retire(2, into=1))
    assert session.case is case
    assert np.array_equal(case.labels, np.minimum(painted, 1))
    session.set_schema(blobs.project.schema.restore(2))
    assert np.array_equal(case.labels, painted)
    assert session.record_changes() is None


def test_undo_never_brings_a_retired_class_back_to_the_brush(blobs: Any) -> None:
    session = blobs.session()
    case = session.open(1, 12)
    stroke(session, value=2)
    session.record_changes()
    session.mark_empty()
    session.set_schema(blobs.project.schema.retire(2, into=1))
    session.undo()
    assert sorted(np.unique(case.labels)) == [0, 1]
    assert session.record_changes() is None


def test_a_stroke_through_other_slices_draws_drafts_that_are_checked_next(blobs: Any) -> None:
    session = blobs.session()
    session.propose()
    here = session.open_next()
    session.case.labels[6:18, 5:9, 10] = 1
    session.record_changes()
    records = blobs.project.journal.slice_states(here.case_id)
    notes = {r.index: r.note for r in records if r.state is SliceState.DRAFT}
    assert notes == {i: "edited" if i == here.index else "prompted" for i in {*range(6, 18)}}
    waiting = [(p.case_id, p.index) for p in session.queue]
    assert waiting[0] == (here.case_id, here.index)
    assert {index for _, index in waiting[:12]} == set(range(6, 18))


def test_a_stroke_through_the_slices_of_a_held_out_case_queues_nothing(make_blobs: Any) -> None:
    blobs = make_blobs(4, SplitFractions(0.5, 0.5, 0.0))
    session = blobs.session()
    session.open(min(blobs.project.catalogue.ids_in("validation")), 10)
    session.case.labels[8:13, 5:9, 10] = 1
    session.record_changes()
    assert session.queue == []
