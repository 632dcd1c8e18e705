"""The decisions as buttons, each with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_salient.widgets.keys import key_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_salient.widgets.keys import Key

MARGINS = 4
"""Of a button in letters: the longer its text the more of the row is its own."""
PRIMARY = "QPushButton { background: #1f6f54; font-weight: bold; padding: 5px; }"


class DecisionButtons(QWidget):
    """A button for each key, in rows; that of the first key stands out."""

    def __init__(
        self,
        keys: Sequence[Key],
        rows: Sequence[Sequence[str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        left = iter(keys)
        for names in rows:
            row = QHBoxLayout()
            column.addLayout(row)
            for name in names:
                self.buttons[name] = _button(next(left), name)
                row.addWidget(self.buttons[name], len(self.buttons[name].text()) + MARGINS)
        self.buttons[rows[0][0]].setStyleSheet(PRIMARY)


def _button(key: Key, name: str) -> QPushButton:
    button = QPushButton(f"{name}  {key_text(key.key)}")
    button.setToolTip(key.text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    button.clicked.connect(lambda _checked=False: key.action())
    return button
