"""The map of the pool, drawn from the journal and the scores of the round in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.interpolation import LONGEST_GAP
from napari_salient.data.planes import axis_of
from napari_salient.project.states import SliceState
from napari_salient.widgets.pool_cells import Cell
from napari_salient.widgets.pool_map import PoolMap

if TYPE_CHECKING:
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.project.splits import Split
    from napari_salient.project.states import SliceRecord

CELLS = {
    SliceState.ACCEPTED: Cell.LABELLED,
    SliceState.DRAFT: Cell.DRAFT,
    SliceState.PROPOSED: Cell.PROPOSED,
    SliceState.SENT_BACK: Cell.SENT_BACK,
}


HELD_OUT: dict[Split, str] = {"validation": "V", "test": "T"}
"""How the names of held-out volumes begin, which come after the pool."""


class PoolView(PoolMap):
    """Shows the pool of a session, and below it the volumes that are held out."""

    volumes = 0
    """How many volumes the pool has."""

    def show_pool(self, session: LabellingSession) -> None:
        """Show the volumes and everything about them."""
        axis, catalogue = axis_of(session.plane), session.project.catalogue
        rows = [(case.id, case.name, case.shape[axis]) for case in catalogue.cases("pool")]
        self.volumes = len(rows)
        for split, mark in HELD_OUT.items():
            cases = catalogue.cases(split)
            rows += [(case.id, f"{mark} · {case.name}", case.shape[axis]) for case in cases]
        self.set_cases(rows)
        self.show_scores(session)
        self.show_states(session)

    def show_states(self, session: LabellingSession) -> None:
        """Show the state of every slice, and the open one."""
        known = self.cells.row_of
        records = [
            (record.case_id, record.index, _cell(record))
            for record in session.project.journal.slice_states()
            if record.case_id in known and record.plane == session.plane and record.state in CELLS
        ]
        self.cells.states[:] = Cell.UNLABELLED
        if records:
            case_ids, indices, states = zip(*records, strict=True)
            self.set_states(case_ids, indices, states)
        self.cells.bridge(self.volumes, LONGEST_GAP)
        self.show_place(session)

    def show_place(self, session: LabellingSession) -> None:
        """Mark the open slice."""
        case, index = session.case, session.index
        if case is not None and index is not None and case.case.id in self.cells.row_of:
            self.set_current(case.case.id, index)
        self.refresh()

    def show_scores(self, session: LabellingSession) -> None:
        """Show how uncertain the model in use is about each slice, from least to most."""
        used = session.active_round
        if used is None:
            return
        scores = session.project.catalogue.scores(used.number)
        inside = np.isin(scores.case_id, self.cells.case_ids)
        if inside.any():
            entropy = scores.measures["entropy"][inside]
            low, high = entropy.min(), entropy.max()
            share = (entropy - low) / (high - low or 1.0)
            self.set_uncertainty(scores.case_id[inside], scores.index[inside], share)


def _cell(record: SliceRecord) -> Cell:
    return Cell.INTERPOLATED if record.pseudo else CELLS[record.state]
