"""A panel of curves: learning, loss, agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QVBoxLayout, QWidget

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

BACKGROUND = "#262930"
INK = "#d0d3d8"
COLORS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00")
"""Okabe and Ito's palette, told apart with every kind of colour vision."""
SYMBOLS = ("o", "s", "t", "d", "+", "x")


class CurvePanel(QWidget):
    """Named lines over one axis.

    Parameters
    ----------
    x_label, y_label
        What the axes show, units in brackets: ``"labelled slices"``, ``"time [s]"``.
    y_range
        Fixed range of the vertical axis, such as ``(0, 1)`` for Dice; `None` follows the data.
    legend_at
        Pixels from the left and the top to the legend, negative ones from the right and the bottom.
    """

    def __init__(
        self,
        x_label: str,
        y_label: str,
        y_range: tuple[float, float] | None = None,
        parent: QWidget | None = None,
        *,
        legend_at: tuple[int, int] = (-8, -8),
    ) -> None:
        super().__init__(parent)
        self.plot = pg.PlotWidget(background=BACKGROUND)
        self._lines: dict[str, pg.PlotDataItem] = {}
        self._set_up(x_label, y_label, y_range)
        self.plot.getPlotItem().addLegend(
            offset=legend_at, labelTextColor=INK, labelTextSize="9pt", pen=None
        )
        self.setMinimumHeight(150)
        self.setAccessibleName(f"{y_label} over {x_label}")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)

    @property
    def names(self) -> list[str]:
        """The names of the lines, in the order they were added."""
        return list(self._lines)

    def set_line(self, name: str, x: ArrayLike, y: ArrayLike, *, points: bool = True) -> None:
        """Show a line, or show new data on it; NaN leaves a gap. `points` marks each value."""
        if name not in self._lines:
            self._lines[name] = self._new_line(name, points)
            self.plot.getPlotItem().legend.setVisible(len(self._lines) > 1)
        self._lines[name].setData(np.asarray(x, float), np.asarray(y, float))

    def data(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return what a line shows, x and y."""
        x, y = self._lines[name].getData()
        return (np.empty(0), np.empty(0)) if x is None else (x, y)

    def clear(self) -> None:
        """Remove all lines."""
        for line in self._lines.values():
            self.plot.removeItem(line)
        self._lines.clear()

    def _new_line(self, name: str, points: bool) -> pg.PlotDataItem:
        number = len(self._lines) % len(COLORS)
        color = QColor(COLORS[number])
        return self.plot.plot(
            name=name,
            pen=pg.mkPen(color, width=2),
            symbol=SYMBOLS[number] if points else None,
            symbolSize=7,
            symbolBrush=color,
            symbolPen=None,
            connect="finite",
        )

    def _set_up(self, x_label: str, y_label: str, y_range: tuple[float, float] | None) -> None:
        item = self.plot.getPlotItem()
        for side, text in (("bottom", x_label), ("left", y_label)):
            axis = item.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setTextPen(INK)
            axis.setPen(INK)
            axis.setLabel(text)
        item.showGrid(x=False, y=True, alpha=0.2)
        item.setMenuEnabled(False)
        item.hideButtons()
        if y_range is not None:
            item.setYRange(*y_range)
