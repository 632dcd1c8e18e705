"""The annotator's work in memory is what the catalogue holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.work_log import (
    SliceAgreement,
    WorkLog,
    agreement_measurement,
)

if TYPE_CHECKING:
    from conftest import BlobProject


def test_the_last_agreement_on_a_slice_counts() -> None:
    first, last = (SliceAgreement(dice, "run-1", audit=True, shows=False) for dice in (0.5, 0.8))
    log = WorkLog(agreement_measurement(1, "axial", 4, found) for found in (first, last))
    assert log.of_accepted({(1, 4)}) == [last]
    assert log.of_accepted({(1, 5)}) == []


def test_audit_slices_are_told_apart_after_a_restart(trained: BlobProject) -> None:
    session = trained.session(audit=1.0, batch=4)
    session.adopt(trained.train(session))
    session.open_next()
    session.accept()
    trained.paint(session)
    before = session.stop_advice()
    assert before.audit.slices == 1
    assert before.chosen.slices == 0
    again = trained.restart().stop_advice()
    assert (again.audit, again.chosen) == (before.audit, before.chosen)


def test_a_slice_shows_a_class_where_the_model_or_the_annotator_sees_one(
    trained: BlobProject,
) -> None:
    session = trained.session(batch=8)
    session.adopt(trained.train(session))
    for _ in range(6):
        session.open_next()
        assert session.case is not None
        shown = session.case.predicted_slice(session.plane, session.index or 0)
        trained.paint(session)
        place, left = (session.case.case.id, session.index), session.case.labels[session.index]
        expected = bool(np.any(shown) or left.any())
        session.accept()
        assert session._log.agreements[place].shows is expected
