"""The slices that wait for the annotator, in order, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal

from napari_salient.widgets.label_volumes.words import SHORT
from napari_salient.widgets.table import Table

if TYPE_CHECKING:
    from qtpy.QtGui import QKeyEvent
    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.pool import Proposal
    from napari_salient.active_learning.session import LabellingSession

COLUMNS = ("Volume", "Slice", "State", "Why")
MOVING = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
          Qt.Key.Key_Home, Qt.Key.Key_End)  # fmt: skip


class QueueTable(Table):
    """`proposal_chosen` carries the case and slice of the row that became the current one."""

    proposal_chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self._shown: list[Proposal] = []
        self._names: dict[int, str] = {}
        self.setAccessibleName("Queue of proposed slices")
        self.horizontalHeader().setMinimumSectionSize(30)
        self.row_chosen.connect(self._chosen)

    def show_queue(self, session: LabellingSession) -> None:
        """Show the session's queue, with the open slice as the current row."""
        self._shown = session.queue
        blocked = self.blockSignals(True)
        self.set_rows([self._row(session, proposal) for proposal in self._shown])
        case = session.case
        here = (case.case.id, session.index) if case else None
        places = [(p.case_id, p.index) for p in self._shown]
        if here in places:
            self.choose(places.index(here))
        else:
            self.clearSelection()
        self.blockSignals(blocked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keep the keys that move, leave all others to the annotator's."""
        if event.key() in MOVING:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def _row(self, session: LabellingSession, proposal: Proposal) -> tuple[object, ...]:
        project = session.project
        if proposal.case_id not in self._names:
            self._names[proposal.case_id] = project.catalogue.case(proposal.case_id).name
        record = project.journal.slice_state(proposal.case_id, proposal.plane, proposal.index)
        name = self._names[proposal.case_id]
        return name, proposal.index + 1, SHORT[record.state], proposal.reason

    def _chosen(self, row: int) -> None:
        if row < len(self._shown):
            self.proposal_chosen.emit(self._shown[row].case_id, self._shown[row].index)
