"""A panel of curves: learning, loss, agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QVBoxLayout, QWidget

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

BACKGROUND = "#262930"
INK = "#d0d3d8"
REFERENCE_COLOR = "#a8adb5"
COLORS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00")
"""Okabe and Ito's palette, told apart with every kind of colour vision."""
SYMBOLS = ("o", "s", "t", "d", "+", "x")


class CurvePanel(QWidget):
    """Named lines over one axis, with a band around a line and levels to compare with.

    Parameters
    ----------
    x_label, y_label
        What the axes show, units in brackets: ``"labelled slices"``, ``"time [s]"``.
    y_range
        Fixed range of the vertical axis, such as ``(0, 1)`` for Dice; `None` follows the data.
    """

    def __init__(
        self,
        x_label: str,
        y_label: str,
        y_range: tuple[float, float] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.plot = pg.PlotWidget(background=BACKGROUND)
        self._lines: dict[str, pg.PlotDataItem] = {}
        self._bands: dict[str, tuple[pg.PlotCurveItem, pg.PlotCurveItem, pg.FillBetweenItem]] = {}
        self._references: dict[str, pg.InfiniteLine] = {}
        self._set_up(x_label, y_label, y_range)
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

    def set_band(self, name: str, x: ArrayLike, low: ArrayLike, high: ArrayLike) -> None:
        """Shade between two curves in the colour of the line `name`, which must exist."""
        if name not in self._bands:
            self._bands[name] = self._new_band(name)
        x = np.asarray(x, float)
        lower, upper, _ = self._bands[name]
        lower.setData(x, np.asarray(low, float))
        upper.setData(x, np.asarray(high, float))

    def set_reference(self, name: str, level: float) -> None:
        """Draw a dashed level with its name, such as what an atlas reaches without learning."""
        if name not in self._references:
            self._references[name] = self._new_reference(name)
        self._references[name].setValue(level)

    def data(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return what a line shows, x and y."""
        x, y = self._lines[name].getData()
        return (np.empty(0), np.empty(0)) if x is None else (x, y)

    def clear(self) -> None:
        """Remove all lines, bands and levels."""
        for band in self._bands.values():
            for item in band:
                self.plot.removeItem(item)
        for item in (*self._lines.values(), *self._references.values()):
            self.plot.removeItem(item)
        for kept in (self._lines, self._bands, self._references):
            kept.clear()

    def _color(self, name: str) -> QColor:
        return QColor(COLORS[list(self._lines).index(name) % len(COLORS)])

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

    def _new_band(self, name: str) -> tuple[pg.PlotCurveItem, pg.PlotCurveItem, pg.FillBetweenItem]:
        edges = pg.PlotCurveItem(pen=None), pg.PlotCurveItem(pen=None)
        color = self._color(name)
        color.setAlpha(60)
        fill = pg.FillBetweenItem(*edges, brush=color)
        fill.setZValue(-1)
        for item in (*edges, fill):
            self.plot.addItem(item)
        return (*edges, fill)

    def _new_reference(self, name: str) -> pg.InfiniteLine:
        line = pg.InfiniteLine(
            angle=0,
            pen=pg.mkPen(REFERENCE_COLOR, style=Qt.PenStyle.DashLine),
            label=name,
            labelOpts={
                "position": 0.98,
                "color": REFERENCE_COLOR,
                "fill": BACKGROUND + "b0",
                "anchors": [(1, 1), (1, 1)],
            },
        )
        self.plot.addItem(line)
        return line

    def _set_up(self, x_label: str, y_label: str, y_range: tuple[float, float] | None) -> None:
        item = self.plot.getPlotItem()
        for side, text in (("bottom", x_label), ("left", y_label)):
            axis = item.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setTextPen(INK)
            axis.setPen(INK)
            axis.setLabel(text)
        item.showGrid(x=False, y=True, alpha=0.2)
        item.addLegend(offset=(-8, -8), labelTextColor=INK, labelTextSize="9pt", pen=None)
        item.setMenuEnabled(False)
        item.hideButtons()
        if y_range is not None:
            item.setYRange(*y_range)
