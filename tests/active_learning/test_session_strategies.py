"""Strategies and audit slices in the labelling loop of the tool."""

from __future__ import annotations

from typing import Any

import pytest

from napari_salient.active_learning.features import FILE_NAME


@pytest.mark.parametrize("name", ["bald", "ensemble", "hybrid", "random_foreground"])
def test_a_round_measures_what_its_strategy_needs_and_so_can_go_on(blobs: Any, name: str) -> None:
    session = blobs.session(strategy=name)
    session.propose()
    blobs.label(session, 6)
    result = blobs.train(session)
    assert result.strategy == name
    session.adopt(result)
    more = session.propose(3)
    assert len(more) == 3
    assert not any("begins after the next training" in p.reason for p in more)
    kept = blobs.project.runs_dir / result.run_id / FILE_NAME
    assert kept.exists() == (name == "hybrid")


def test_without_its_features_a_strategy_waits_for_the_next_round(blobs: Any) -> None:
    session = blobs.session(strategy="kcenter")
    session.propose()
    blobs.label(session, 6)
    result = blobs.train(session)
    session.adopt(result)
    (blobs.project.runs_dir / result.run_id / FILE_NAME).unlink()
    assert all("begins after the next training" in p.reason for p in session.propose(3))


def test_audit_slices_are_told_apart_in_the_queue_also_after_a_restart(
    blobs: Any,
) -> None:
    session = blobs.session(audit=0.5)
    proposed = session.propose(12)
    audits = {(p.case_id, p.index) for p in proposed if p.audit}
    assert 4 <= len(audits) <= 8
    again = blobs.restart()
    assert {(p.case_id, p.index) for p in again.queue if p.audit} == audits
