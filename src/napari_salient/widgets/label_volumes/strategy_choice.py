"""Choosing a query strategy by its name, with what it does and what was measured about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from napari_salient.active_learning.strategies import STRATEGIES
from napari_salient.active_learning.strategies.measured import claim, details

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDS_MODEL = "Begins once a model is trained."


class StrategyChoice(QWidget):
    """Offers all strategies; `changed` carries the name of the one that was chosen."""

    changed = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names, self.says, self.measured = QComboBox(), QLabel(), QLabel()
        for number, (offered, words) in enumerate(_explanations().items()):
            self.names.addItem(offered)
            self.names.setItemData(number, words, Qt.ItemDataRole.ToolTipRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.names)
        for label in (self.says, self.measured):
            label.setWordWrap(True)
            layout.addWidget(label)
        self.setFocusProxy(self.names)
        self.names.currentTextChanged.connect(self._explain)
        self.names.setCurrentText(name)
        self._explain(name)
        self.names.currentTextChanged.connect(self.changed.emit)

    @property
    def name(self) -> str:
        """The strategy that is chosen."""
        return str(self.names.currentText())

    def _explain(self, name: str) -> None:
        self.says.setText(_explanations()[name])
        self.measured.setText(claim(name))
        self.measured.setToolTip(details(name))


def _explanations() -> Mapping[str, str]:
    return {
        name: f"{it.summary} {NEEDS_MODEL}" if it.needs else it.summary
        for name, it in STRATEGIES.items()
    }
