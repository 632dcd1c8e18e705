"""The decisions as buttons, each with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget

from napari_salient.widgets.keys import key_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_salient.widgets.keys import Key

COLUMNS = 12
"""Of the grid behind the rows, so that one to four buttons can share a row."""
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
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        left = iter(keys)
        for number, names in enumerate(rows):
            span = COLUMNS // len(names)
            for place, name in enumerate(names):
                self.buttons[name] = _button(next(left), name)
                grid.addWidget(self.buttons[name], number, place * span, 1, span)
        self.buttons[rows[0][0]].setStyleSheet(PRIMARY)


def _button(key: Key, name: str) -> QPushButton:
    button = QPushButton(f"{name}  {key_text(key.key)}")
    button.setToolTip(key.text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    button.clicked.connect(lambda _checked=False: key.action())
    return button
