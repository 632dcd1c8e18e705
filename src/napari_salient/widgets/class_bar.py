"""The label classes as a row of buttons: colour, name, key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QSizePolicy, QToolButton, QWidget

if TYPE_CHECKING:
    from napari_salient.project.labels import LabelClass, LabelSchema

COLUMNS = 3
STYLE = """
QToolButton { border: 1px solid transparent; border-radius: 2px; padding: 2px; }
QToolButton:checked { border-color: #d0d3d8; background: #414851; font-weight: bold; }
QToolButton:focus { border-color: #007acc; }
"""


class ClassBar(QWidget):
    """`chosen` carries the label value of the class that was clicked."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.chosen)
        self.setStyleSheet(STYLE)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(3)

    def set_schema(self, schema: LabelSchema) -> None:
        """Show the classes of a schema."""
        for button in self._group.buttons():
            self._group.removeButton(button)
            self._grid.removeWidget(button)
            button.deleteLater()
        for number, label in enumerate(schema.active):
            button = _button(label)
            self._group.addButton(button, label.value)
            self._grid.addWidget(button, number // COLUMNS, number % COLUMNS)

    def set_selected(self, value: int) -> None:
        """Mark the class that the brush paints."""
        button = self._group.button(value)
        if button is not None:
            button.setChecked(True)
            return
        self._group.setExclusive(False)
        for other in self._group.buttons():
            other.setChecked(False)
        self._group.setExclusive(True)


def swatch(color: str, size: int = 12) -> QIcon:
    """Return a square of a colour ``#rrggbb``."""
    square = QPixmap(size, size)
    square.fill(QColor(color))
    return QIcon(square)


def _button(label: LabelClass) -> QToolButton:
    button = QToolButton()
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setCheckable(True)
    button.setIcon(swatch(label.color))
    button.setText(f"{label.name}  {label.key}" if label.key else label.name)
    button.setToolTip(f"Paint {label.name}")
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return button
