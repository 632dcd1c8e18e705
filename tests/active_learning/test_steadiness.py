"""How steady the model is from round to round, measured in the round itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.active_learning.steadiness import FILE_NAME
from napari_salient.active_learning.training_set import LabelSlices
from napari_salient.engine.events import Warned

if TYPE_CHECKING:
    from conftest import BlobProject


def probe_of(blobs: BlobProject, run_id: str) -> LabelSlices:
    return LabelSlices.read(blobs.project.runs_dir / run_id, FILE_NAME)[0]


def test_a_round_is_compared_with_the_last_one_on_the_same_slices(trained: BlobProject) -> None:
    session = trained.session()
    first = session.active_round
    assert first is not None
    assert "stability" not in first.metrics
    result = trained.train(session)
    assert 0 <= result.metrics["stability"] <= 1
    before, after = probe_of(trained, first.run_id), probe_of(trained, result.run_id)
    assert len(before.labels) == 64
    assert before.labels.keys() == after.labels.keys()


def test_a_round_that_learns_nothing_new_is_as_steady_as_can_be(trained: BlobProject) -> None:
    session = trained.session(steps=1)
    assert trained.train(session).metrics["stability"] > 0.9


def test_what_is_labelled_leaves_the_probe(trained: BlobProject) -> None:
    session = trained.session(batch=12)
    session.propose()
    trained.label(session, 10)
    accepted = session._accepted_of("pool")
    result = trained.train(session)
    left = probe_of(trained, result.run_id).labels.keys()
    assert left.isdisjoint(accepted)
    assert left < probe_of(trained, session.active_round.run_id).labels.keys()


def test_stabilities_survive_a_restart_and_reach_the_advice(trained: BlobProject) -> None:
    session = trained.session()
    for _ in range(2):
        session.adopt(trained.train(session))
    found = session.stop_advice().stabilities
    assert len(found) == 2
    assert trained.restart().stop_advice().stabilities == found


def test_a_damaged_probe_costs_the_comparison_alone(trained: BlobProject) -> None:
    session = trained.session()
    run_id = session.active_round.run_id
    (trained.project.runs_dir / run_id / FILE_NAME).write_bytes(b"damaged")
    events = trained.events(session)
    assert any(isinstance(e, Warned) and "cannot be compared" in e.message for e in events)
    assert "stability" not in events[-1].result.metrics
