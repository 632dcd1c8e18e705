"""Held-out cases can be labelled; they measure, and are neither proposed nor trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from napari_salient.active_learning.training_set import LabelSlices
from napari_salient.project.splits import SplitFractions

if TYPE_CHECKING:
    from napari_salient.project.splits import Split

THIRDS = SplitFractions(0.5, 0.25, 0.25)


@pytest.fixture
def thirds(make_blobs: Any) -> Any:
    """Return a project of four volumes of the pool, two for validation and two for testing."""
    return make_blobs(cases=8, fractions=THIRDS)


def label(blobs: Any, session: Any, split: Split, index: int = 12) -> int:
    case_id: int = min(blobs.project.catalogue.ids_in(split))
    session.open(case_id, index)
    blobs.paint(session)
    session.accept()
    return case_id


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_held_out_case_never_enters_the_queue(thirds: Any, split: Split) -> None:
    session = thirds.session()
    case_id = label(thirds, session, split)
    session.case.labels[12, 0] = 1
    session.record_changes()
    session.accept()
    session.undo()
    session.undo()
    session.reset_to_prediction()
    session.propose(1000)
    assert case_id not in {p.case_id for p in session.queue}
    assert case_id not in {p.case_id for p in thirds.restart().queue}


def test_held_out_slices_come_one_after_the_other(thirds: Any) -> None:
    session = thirds.session()
    case_id = label(thirds, session, "validation", 22)
    assert session.next_held_out() == (case_id, 23)
    session.open(case_id, 23)
    session.mark_unsure()
    assert session.next_held_out() == (case_id, 0)
    for index in range(22):
        session.open(case_id, index)
        session.accept()
    assert session.next_held_out() is None


def test_a_case_of_the_pool_is_gone_through_by_the_queue(thirds: Any) -> None:
    session = thirds.session()
    label(thirds, session, "pool")
    assert session.next_held_out() is None


def test_validation_measures_a_round_and_is_not_learnt_from(thirds: Any) -> None:
    session = thirds.session()
    label(thirds, session, "validation")
    label(thirds, session, "test")
    session.propose(2)
    thirds.label(session, 2)
    counts = session.progress()
    assert counts.accepted == 2
    result = thirds.train(session)
    kept, _ = LabelSlices.read(thirds.project.runs_dir / result.run_id)
    assert {case_id for case_id, _ in kept.labels} <= thirds.project.catalogue.ids_in("pool")
    assert "dice" in result.metrics
