"""The slices that wait for the annotator, in order, each with a picture and its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QIcon, QPixmap
from qtpy.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from napari_salient.widgets.label_volumes.thumbnails import SIDE
from napari_salient.widgets.label_volumes.words import SHORT
from napari_salient.widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtGui import QKeyEvent, QPainter
    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.pool import Proposal
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.widgets.label_volumes.thumbnails import Thumbnails

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

    def show_pictures(self, thumbnails: Thumbnails) -> None:
        """Show a picture of each slice in sight from now on."""
        self.setItemDelegateForColumn(0, _WithPicture(self._shown_at, thumbnails, self))
        self.verticalHeader().setDefaultSectionSize(SIDE + 4)
        thumbnails.made.connect(self.viewport().update)

    def show_queue(
        self, session: LabellingSession, admits: Callable[[Proposal], bool] = lambda _: True
    ) -> None:
        """Show what a filter admits of the session's queue, with the open slice as current row."""
        self._shown = [proposal for proposal in session.queue if admits(proposal)]
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

    def name_of(self, session: LabellingSession, case_id: int) -> str:
        """Return the name of a volume; looked up once."""
        if case_id not in self._names:
            self._names[case_id] = session.project.catalogue.case(case_id).name
        return self._names[case_id]

    def _row(self, session: LabellingSession, proposal: Proposal) -> tuple[object, ...]:
        journal, name = session.project.journal, self.name_of(session, proposal.case_id)
        record = journal.slice_state(proposal.case_id, proposal.plane, proposal.index)
        return name, proposal.index + 1, SHORT[record.state], proposal.reason

    def _shown_at(self, index: QModelIndex) -> Proposal:
        row: int = self._sorted.mapToSource(index).row()
        return self._shown[row]

    def _chosen(self, row: int) -> None:
        if row < len(self._shown):
            self.proposal_chosen.emit(self._shown[row].case_id, self._shown[row].index)


class _WithPicture(QStyledItemDelegate):
    """Draws the picture of a slice before the text; only what is drawn is asked for."""

    def __init__(
        self,
        proposal_at: Callable[[QModelIndex], Proposal],
        thumbnails: Thumbnails,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._proposal_at, self._thumbnails = proposal_at, thumbnails
        self._empty = QPixmap(SIDE, SIDE)
        self._empty.fill(Qt.GlobalColor.transparent)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw the cell, and have its picture made if there is none."""
        self._thumbnails.want(self._place(index))
        super().paint(painter, option, index)

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Leave room for the picture also while there is none."""
        super().initStyleOption(option, index)
        picture = self._thumbnails.known(self._place(index)) or self._empty
        icon = QIcon(picture)
        icon.addPixmap(picture, QIcon.Mode.Selected)
        option.icon, option.decorationSize = icon, QSize(SIDE, SIDE)
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration

    def _place(self, index: QModelIndex) -> tuple[int, int]:
        proposal = self._proposal_at(index)
        return proposal.case_id, proposal.index
