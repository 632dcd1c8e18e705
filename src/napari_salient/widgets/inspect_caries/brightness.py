"""Which grey values of a radiograph are drawn black and white, and how those between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFormLayout, QWidget
from superqt import QDoubleRangeSlider, QDoubleSlider

if TYPE_CHECKING:
    from napari.layers import Image

HORIZONTAL = Qt.Orientation.Horizontal
GAMMA = (0.2, 3.0)


class Brightness(QWidget):
    """Window, level and gamma of the radiograph; gamma stays for the next ones."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.window_level, self.gamma = QDoubleRangeSlider(HORIZONTAL), QDoubleSlider(HORIZONTAL)
        self.window_level.setAccessibleName("Window and level")
        self.window_level.setToolTip("Grey values drawn black and white; drag between to shift")
        self.gamma.setAccessibleName("Gamma")
        self.gamma.setToolTip("Below 1 dark parts are drawn brighter, above 1 darker")
        self.gamma.setRange(*GAMMA)
        self.gamma.setValue(1.0)
        self._layer: Image | None = None
        self.window_level.valueChanged.connect(self._apply)
        self.gamma.valueChanged.connect(self._apply)
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setVerticalSpacing(2)
        rows.addRow("Window", self.window_level)
        rows.addRow("Gamma", self.gamma)

    def follow(self, layer: Image) -> None:
        """Act on a layer, beginning with the limits that it has."""
        self._layer = None
        low, high = float(layer.data.min()), float(layer.data.max())
        self.window_level.setRange(low, high)
        self.window_level.setValue(layer.contrast_limits)
        self._layer = layer
        self._apply()

    def _apply(self, _value: object = None) -> None:
        if self._layer is None:
            return
        low, high = self.window_level.value()
        if high > low:
            self._layer.contrast_limits = (low, high)
        self._layer.gamma = self.gamma.value()
