"""Which of the waiting slices the annotator wants to see and to go through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

if TYPE_CHECKING:
    from qtpy.QtGui import QKeyEvent

    from napari_salient.active_learning.pool import Proposal

ALL, CHOSEN, AUDIT = "All", "Chosen", "Audit"
KINDS = {
    ALL: "Every slice that waits",
    CHOSEN: "Slices that the strategy chose, or that your work put here",
    AUDIT: "Slices drawn at random, which stand for the pool",
}
"""The kinds of slices, and what each of them is."""


class QueueFilter(QWidget):
    """Words of a volume's name or of a reason, and a kind of slice.

    While the words are typed the keys are the line's. Return gives them back and keeps the filter,
    Escape gives them back and clears it.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind, self.words = QComboBox(), _Line()
        for number, (name, meaning) in enumerate(KINDS.items()):
            self.kind.addItem(name)
            self.kind.setItemData(number, meaning, Qt.ItemDataRole.ToolTipRole)
        self.kind.setMinimumContentsLength(4)
        self.kind.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.kind.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.kind.setAccessibleName("Kind of slices in the queue")
        self.words.setPlaceholderText("Filter  /")
        self.words.setToolTip("Words of a volume's name or of a reason")
        self.words.setAccessibleName("Filter of the queue")
        self.words.setClearButtonEnabled(True)
        self.kind.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.words.textChanged.connect(lambda _text: self.changed.emit())
        self.words.escaped.connect(self.clear)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.kind)

    def admits(self, name: str, proposal: Proposal) -> bool:
        """Whether a waiting slice of the volume `name` is wanted."""
        if self.kind.currentText() != ALL and proposal.audit != (self.kind.currentText() == AUDIT):
            return False
        said = f"{name} {proposal.reason}".casefold()
        return all(word in said for word in self.words.text().casefold().split())

    def begin(self) -> None:
        """Let words be typed."""
        self.words.setFocus()
        self.words.selectAll()

    def clear(self) -> None:
        """Want every slice again."""
        self.kind.setCurrentIndex(0)
        self.words.clear()


class _Line(QLineEdit):
    """A line that gives the keys back when it is done."""

    escaped = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
            return
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        self.clearFocus()
