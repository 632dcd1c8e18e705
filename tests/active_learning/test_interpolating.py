"""What lies between labelled slices, in a session without a window."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_salient.active_learning.interpolation import interpolate
from napari_salient.active_learning.rounds import RoundResult
from napari_salient.data.label_values import UNSURE
from napari_salient.data.labels import read_labels
from napari_salient.errors import InputError
from napari_salient.project.splits import SplitFractions

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.active_learning.session import LabellingSession

DRAFT = ("draft", "interpolated", True)
PROMOTED = ("accepted", "interpolated", False)


def mark(session: LabellingSession, index: int, case_id: int = 1) -> tuple[Any, ...]:
    return tuple(session.project.journal.slice_state(case_id, session.plane, index).mark)


def rows(session: LabellingSession) -> int:
    return sum(1 for _ in session.project.journal.edits())


def labelled(blobs: Any, *indices: int, case_id: int = 1, **loop: Any) -> LabellingSession:
    """Return a session in which slices of a case are drawn and accepted."""
    session: LabellingSession = blobs.session(**loop)
    accept(blobs, session, *indices, case_id=case_id)
    return session


def accept(blobs: Any, session: LabellingSession, *indices: int, case_id: int = 1) -> None:
    for index in indices:
        session.open(case_id, index)
        blobs.paint(session)
        session.accept()


def test_between_two_labelled_slices_lies_what_interpolation_says(blobs: Any) -> None:
    session = labelled(blobs, 9, 13)
    case = session.open(1, 11)
    bridge = session.bridge()
    assert (bridge.first, bridge.last, list(bridge.indices)) == (9, 13, [10, 11, 12])
    expected = interpolate(case.labels[9], case.labels[13], 3, (1.0, 1.0))
    assert np.array_equal(bridge.labels, expected)
    assert np.array_equal(bridge.slice_labels(11), expected[1])
    assert not case.labels[10:13].any()


def test_it_is_computed_again_only_when_an_end_changes(blobs: Any) -> None:
    session = labelled(blobs, 9, 13)
    case = session.open(1, 11)
    first = session.bridge()
    session.open(1, 10)
    assert session.bridge() is first
    case.labels[13, 2, 2] = 1
    session.record_changes()
    assert session.bridge() is not first


@pytest.mark.parametrize(("indices", "here"), [((9,), 11), ((9, 13), 9), ((9, 13), 15), ((), 3)])
def test_nothing_is_shown_without_a_labelled_slice_on_both_sides(
    blobs: Any, indices: tuple[int, ...], here: int
) -> None:
    session = labelled(blobs, *indices)
    session.open(1, here)
    before = rows(session)
    assert session.bridge() is None
    with pytest.raises(InputError, match=r"Slice \d+ of 'case-0'"):
        session.promote()
    assert rows(session) == before


def test_a_drawn_slice_is_an_end_before_it_is_accepted_and_a_predicted_one_is_not(
    blobs: Any,
) -> None:
    session = labelled(blobs, 9)
    case = session.open(1, 12)
    case.labels[12, 3:6, 3:6] = 1
    session.record_changes()
    session.open(1, 11)
    assert session.bridge().last == 12
    session.undo()
    session.open(1, 11)
    assert session.bridge() is None


def test_a_promoted_slice_is_accepted_in_one_row_that_can_be_undone(blobs: Any) -> None:
    session = labelled(blobs, 9, 13)
    case = session.open(1, 11)
    wanted, before = session.bridge().slice_labels(11).copy(), rows(session)
    assert session.promote() is not None
    assert rows(session) == before + 1
    assert mark(session, 11) == PROMOTED
    assert np.array_equal(case.labels[11], wanted)
    session.undo()
    assert mark(session, 11) == ("unlabelled", "", False)
    assert not case.labels[11].any()
    session.redo()
    assert mark(session, 11) == PROMOTED


def test_painting_over_a_promoted_slice_makes_it_a_drawn_one(blobs: Any) -> None:
    session = labelled(blobs, 9, 13)
    case = session.open(1, 11)
    session.promote()
    case.labels[11, 0, :3] = 2
    session.accept()
    assert mark(session, 11) == ("accepted", "edited", False)


def test_filling_draws_drafts_in_one_row_and_puts_them_first(blobs: Any) -> None:
    session = labelled(blobs, 8, 14)
    session.propose()
    queue = session.queue
    case, before = session.open(1, 11), rows(session)
    ends = case.labels[[8, 14]].copy()
    session.fill_between()
    assert rows(session) == before + 1
    assert [mark(session, index) for index in range(9, 14)] == [DRAFT] * 5
    assert np.array_equal(case.labels[9:14], interpolate(*ends, 5, (1.0, 1.0)))
    assert np.array_equal(case.labels[[8, 14]], ends)
    first = [(p.case_id, p.index) for p in session.queue[:5]]
    assert first == [(1, 11), (1, 12), (1, 13), (1, 10), (1, 9)]
    session.accept()
    assert mark(session, 11) == PROMOTED
    session.undo()
    session.undo()
    assert not case.labels[9:14].any()
    assert [mark(session, index)[0] for index in range(9, 14)] == ["unlabelled"] * 5
    assert session.queue == queue


def test_drafts_come_back_into_the_queue_if_the_program_died_before_it_was_saved(
    blobs: Any,
) -> None:
    session = labelled(blobs, 8, 14)
    session.open(1, 11)
    queue_file = blobs.folder / "queue.json"
    before = queue_file.read_bytes() if queue_file.exists() else None
    session.fill_between()
    queue_file.unlink() if before is None else queue_file.write_bytes(before)
    again = blobs.session()
    assert sorted((p.case_id, p.index) for p in again.queue) == [(1, i) for i in range(9, 14)]
    assert again.queue[0].reason == "interpolated before the program ended"


def test_promoting_a_filled_slice_accepts_what_it_shows_and_not_what_its_ends_would_give_now(
    blobs: Any,
) -> None:
    session = labelled(blobs, 2, 14)
    case = session.open(1, 11)
    session.fill_between()
    shown = case.labels[11].copy()
    case.labels[14] = 2
    session.record_changes()
    session.promote()
    assert mark(session, 11) == PROMOTED
    assert np.array_equal(case.labels[11], shown)


def test_a_labelled_slice_is_told_what_could_be_filled_beside_it(blobs: Any) -> None:
    session = labelled(blobs, 9, 13)
    session.open(1, 9)
    with pytest.raises(InputError, match="labelled already; fill in drafts beside it"):
        session.promote()


def test_filling_leaves_alone_what_was_decided_or_drawn(blobs: Any) -> None:
    session = labelled(blobs, 8, 14)
    session.open(1, 10)
    session.mark_unsure()
    case = session.open(1, 12)
    case.labels[12, 2, 2:9] = 2
    session.open(1, 9)
    drawn = case.labels[12].copy()
    session.fill_between()
    assert [mark(session, i)[:2] for i in (9, 10, 11, 12, 13)] == [
        DRAFT[:2], ("sent_back", "unsure"), DRAFT[:2], ("draft", "edited"), ("unlabelled", ""),
    ]  # fmt: skip
    assert np.array_equal(case.labels[12], drawn)
    assert not case.labels[10].any()


def test_after_drawing_an_end_both_of_its_sides_are_filled(blobs: Any) -> None:
    session = labelled(blobs, 8, 12, 15)
    session.open(1, 12)
    session.fill_between()
    assert [i for i in range(24) if mark(session, i) == DRAFT] == [9, 10, 11, 13, 14]
    session.fill_between()
    accept(blobs, session, *[i for i in range(24) if mark(session, i) == DRAFT])
    session.open(1, 12)
    with pytest.raises(InputError, match="nothing to fill"):
        session.fill_between()


def test_ends_far_apart_are_filled_with_drafts_but_not_accepted_unseen(blobs: Any) -> None:
    session = labelled(blobs, 2, 14)
    session.open(1, 8)
    assert session.bridge() is None
    with pytest.raises(InputError, match="between 3 and 15, which are too far apart"):
        session.promote()
    session.fill_between()
    assert mark(session, 8) == DRAFT


def test_held_out_cases_are_never_interpolated(make_blobs: Any) -> None:
    blobs = make_blobs(cases=4, fractions=SplitFractions(0.5, 0.5, 0.0))
    case_id = min(blobs.project.catalogue.ids_in("validation"))
    session = labelled(blobs, 9, 13, case_id=case_id)
    session.open(case_id, 11)
    assert session.bridge() is None
    for act in (session.promote, session.fill_between):
        with pytest.raises(InputError, match="held out to measure the model; draw it yourself"):
            act()


def test_drafts_are_no_labels_and_promoted_ones_say_what_they_are(
    blobs: Any, tmp_path: Path
) -> None:
    session = labelled(blobs, 9, 13)
    session.open(1, 10)
    session.promote()
    session.open(1, 12)
    session.fill_between()
    assert session.progress().accepted == 3
    blobs.project.export(tmp_path)
    exported = read_labels(tmp_path / "case-0.nii.gz", blobs.project.header(1))
    assert (exported[11:13] == UNSURE).all()
    assert (exported[10] != UNSURE).any()
    slices = json.loads((tmp_path / "case-0.json").read_text())["slices"]
    told = {s["index"]: (s["note"], s["pseudo_label"], s["edit"]["kind"]) for s in slices}
    assert told[10] == ("interpolated", False, "promote")
    assert sorted(told) == [9, 10, 13]


def test_a_round_trains_on_what_lies_between_and_says_on_how_much(blobs: Any) -> None:
    session = labelled(blobs, 9, 13, 16, interpolate=True)
    accept(blobs, session, 3, 23, case_id=2)
    result = blobs.train(session)
    assert result.labelled == 5
    assert result.pseudo == {3: {"slices": 2, "weight": 0.5}, 4: {"slices": 3, "weight": 0.5}}
    assert result.metrics["pseudo_slices"] == 5
    kept = RoundResult.read(blobs.project.runs_dir / result.run_id)
    assert (kept.pseudo, kept.interpolation) == (result.pseudo, result.interpolation)
    assert session.progress().accepted == 5


def test_the_network_on_volumes_trains_on_them_too(blobs: Any) -> None:
    session = labelled(blobs, 9, 13, steps=3, interpolate=True)
    in_space = replace(session.settings.segmentation, spatial_dims=3)
    session.settings = replace(session.settings, segmentation=in_space)
    assert blobs.train(session).pseudo == {4: {"slices": 3, "weight": 0.5}}


def test_off_by_default_a_round_trains_on_what_was_accepted_alone(blobs: Any) -> None:
    result = blobs.train(labelled(blobs, 9, 13))
    assert result.pseudo == {}
    assert result.metrics["pseudo_slices"] == 0


def test_the_weight_is_what_was_measured_on_slices_that_a_person_drew(blobs: Any) -> None:
    session = labelled(blobs, *range(6, 20, 2), interpolate=True)
    assert session.interpolation_dice(2) is None
    session.open(1, 9)
    session.promote()
    result = blobs.train(session)
    session.adopt(result)
    measured = session.interpolation_dice(2)
    assert result.interpolation.slices == {4: 5}
    assert 0.6 < measured < 1
    assert measured == session.interpolation_dice(4) == result.pseudo[2]["weight"]


def test_a_cancelled_round_goes_on_with_the_weights_it_began_with(blobs: Any) -> None:
    session = labelled(blobs, *range(6, 20, 2), interpolate=True, steps=20)
    session.open(1, 9)
    session.promote()
    run = blobs.run(session)
    for event in run.record(session.round_job(run)):
        if getattr(event, "step", 0) == 12:
            run.control.cancel()
    session.undo()
    run.restart()
    resumed = list(run.record(session.round_job(run, resume=True)))[-1].result
    session.redo()
    whole = blobs.train(session)
    assert resumed.pseudo == whole.pseudo
    assert resumed.interpolation == whole.interpolation
