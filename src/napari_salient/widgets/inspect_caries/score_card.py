"""The open radiograph, its score, and the sentence behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_salient.widgets.inspect_caries.words import NO_MODEL, reason_text, score_text

if TYPE_CHECKING:
    from napari_salient.caries.session import Verdict

UNSAVED, SAVED = "not saved yet", "saved"


class ScoreCard(QWidget):
    """Says what is open, the score before and after the reader's edits, and why."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place, self.score, self.reason = QLabel(), QLabel(), QLabel()
        self.place.setStyleSheet("color: #a0a4ab;")
        self.score.setStyleSheet("font-size: 20pt; font-weight: bold;")
        self.score.setAccessibleName("Score")
        self.score.setToolTip("The model's score, and after the arrow as you steer it")
        self.reason.setWordWrap(True)
        self.reason.setMinimumHeight(2 * self.reason.fontMetrics().lineSpacing())
        self._place = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        for part in (self.place, self.score, self.reason):
            layout.addWidget(part)

    def show_place(self, name: str, number: int, count: int) -> None:
        """Say which radiograph is open."""
        self._place = f"{name} · {number} of {count}"
        self.show_saved(SAVED)

    def show_saved(self, state: str) -> None:
        """Say whether everything is on disk."""
        self.place.setText(f"{self._place} · {state}")

    def show_opening(self, name: str) -> None:
        """Say that a radiograph is being read."""
        self.place.setText(f"Opening {name} …")

    def show_verdict(self, verdict: Verdict | None) -> None:
        """Show a score, or that there is no model to give one."""
        self.score.setText(score_text(verdict) if verdict else "–")
        self.reason.setText(reason_text(verdict) if verdict else NO_MODEL)
