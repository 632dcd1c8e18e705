"""Proposals by the features of another network than the model: before there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_salient.active_learning.pool import PoolScores
from napari_salient.project.splits import SplitFractions
from napari_salient.project.states import SliceState

SIDE = 24
WHERE = "in the features of the test"


def features_of(cases: list[int], seed: int = 0) -> PoolScores:
    """Return random features of all slices of some cases."""
    rng = np.random.default_rng(seed)
    case_id, index = np.repeat(cases, SIDE), np.tile(np.arange(SIDE), len(cases))
    features = rng.standard_normal((len(case_id), 6)).astype(np.float32)
    return PoolScores(case_id, index, {}, features)


def places(proposals: list[Any]) -> list[tuple[int, int]]:
    return [(p.case_id, p.index) for p in proposals]


@pytest.fixture
def cases(blobs: Any) -> list[int]:
    return sorted(blobs.project.catalogue.ids_in("pool"))


def test_the_first_proposals_take_the_place_of_those_that_nobody_began(
    blobs: Any, cases: list[int]
) -> None:
    session = blobs.session()
    session.propose(5)
    proposed = session.propose_by(features_of(cases), WHERE, 8)
    assert len(proposed) == 8
    assert places(session.queue) == places(proposed)
    assert proposed[0].reason.startswith("most typical of the pool: distance")
    assert proposed[1].reason.startswith("far from all labelled or proposed ones: distance")
    assert all(p.reason.endswith(", in the features of the test") for p in proposed)
    assert len(session.project.journal.places(session.plane, SliceState.PROPOSED)) == 8


def test_they_are_a_batch_and_the_same_for_the_same_seed(blobs: Any, cases: list[int]) -> None:
    first = blobs.session().propose_by(features_of(cases), WHERE)
    assert len(first) == 6
    (blobs.folder / "queue.json").unlink()
    assert places(blobs.session().propose_by(features_of(cases), WHERE)) == places(first)


def test_they_survive_a_restart(blobs: Any, cases: list[int]) -> None:
    proposed = blobs.session().propose_by(features_of(cases), WHERE)
    assert blobs.restart().queue == proposed


def test_the_open_slice_and_what_was_begun_stay_in_the_queue(blobs: Any, cases: list[int]) -> None:
    session = blobs.session()
    session.propose(3)
    begun = session.open_next()
    blobs.paint(session)
    session.record_changes()
    here = session.open_next()
    session.propose_by(features_of(cases), WHERE, 4)
    assert places(session.queue)[:2] == places([begun, here])
    assert len(session.queue) == 6


def test_what_was_labelled_meanwhile_is_not_proposed(blobs: Any, cases: list[int]) -> None:
    session = blobs.session()
    features = features_of(cases)
    wanted = places(session.propose_by(features, WHERE, 4))
    blobs.label(session, 4)
    again = places(session.propose_by(features, WHERE, 90))
    assert len(again) == 90 == len(set(again))
    assert not set(again) & set(wanted)
    assert session.progress().accepted == 4


def test_undo_takes_back_what_the_annotator_did_and_passes_over_the_proposals(
    blobs: Any, cases: list[int]
) -> None:
    session = blobs.session()
    session.propose(2)
    blobs.label(session, 1)
    accepted = session.progress().accepted
    session.propose_by(features_of(cases), WHERE, 4)
    before = places(session.queue)
    session.undo()
    assert session.progress().accepted == accepted - 1
    assert set(before) <= set(places(session.queue))


def test_cases_that_nobody_looked_at_or_that_are_set_aside_are_left_out(
    blobs: Any, cases: list[int]
) -> None:
    session = blobs.session()
    session.leave_out(cases[0], "its file is broken")
    proposed = session.propose_by(features_of(cases[:3]), WHERE, 200)
    assert {p.case_id for p in proposed} == set(cases[1:3])
    assert len(proposed) == 2 * SIDE


def test_held_out_cases_are_never_proposed_even_where_they_have_features(make_blobs: Any) -> None:
    blobs = make_blobs(6, SplitFractions(0.5, 0.25, 0.25))
    everybody = [case.id for case in blobs.project.catalogue.cases()]
    proposed = blobs.session().propose_by(features_of(everybody), WHERE, 500)
    pool = blobs.project.catalogue.ids_in("pool")
    assert {p.case_id for p in proposed} == pool
    assert len(pool) < 6


def test_some_are_drawn_at_random_to_check_the_model(blobs: Any, cases: list[int]) -> None:
    proposed = blobs.session(audit=0.5).propose_by(features_of(cases), WHERE, 12)
    audits = [p for p in proposed if p.audit]
    assert 4 <= len(audits) <= 8
    assert all(p.reason.startswith("audit: drawn at random") for p in audits)


def test_after_finish_nothing_is_proposed(blobs: Any, cases: list[int]) -> None:
    session = blobs.session()
    session.finish()
    assert session.propose_by(features_of(cases), WHERE) == []
    assert session.queue == []
