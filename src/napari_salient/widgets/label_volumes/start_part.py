"""The part of the model's page that says what the first round starts from, if not at random."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class StartPart(QWidget):
    """A sentence on the pretrained encoder, and a button to do without; hidden without one."""

    random_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.random = QPushButton("Start from random weights instead")
        self.random.clicked.connect(lambda _checked=False: self.random_requested.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        layout.addWidget(self.random)
        self.hide()

    def show_start(self, words: str) -> None:
        """Show a sentence; without one the part is hidden."""
        self.text.setText(f"{words}." if words else "")
        self.setVisible(bool(words))
