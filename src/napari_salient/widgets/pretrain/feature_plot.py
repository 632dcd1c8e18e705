"""The slices of a pool as points that can be pointed at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_salient.widgets.curve import BACKGROUND, INK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

POINT_SIZE, MARK_SIZE = 6, 15
GOLDEN = 0.618034
"""Of the circle of hues, from one volume to the next: those of neighbours are far apart."""


class FeaturePlot(QWidget):
    """A scatter plot without axes: only which points lie close to each other means something.

    `hovered` and `chosen` carry the number of a point; `hovered` is -1 where there is none.
    """

    hovered = Signal(int)
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = pg.PlotWidget(background=BACKGROUND)
        self.plot.hideAxis("bottom")
        self.plot.hideAxis("left")
        self.plot.setAspectLocked(True)
        self.plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.points = pg.ScatterPlotItem(
            size=POINT_SIZE, pen=None, hoverable=True, tip=None, hoverSize=MARK_SIZE - 4
        )
        self.mark = pg.ScatterPlotItem(size=MARK_SIZE, brush=None, pen=pg.mkPen(INK, width=2))
        for item in (self.points, self.mark):
            self.plot.addItem(item)
        self.points.sigHovered.connect(self._hover)
        self.points.sigClicked.connect(self._click)
        self.setMinimumHeight(240)
        self.setAccessibleName("Map of the slices by their features")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)

    def show_points(self, points: NDArray[np.float32], colors: Sequence[QColor]) -> None:
        """Show points (point, 2), each in its colour."""
        brushes = [pg.mkBrush(color) for color in colors]
        self.points.setData(x=points[:, 0], y=points[:, 1], brush=brushes)
        self.mark.clear()
        self.plot.getViewBox().autoRange()

    def set_colors(self, colors: Sequence[QColor]) -> None:
        """Show the same points in other colours."""
        self.points.setBrush([pg.mkBrush(color) for color in colors])

    def choose(self, number: int) -> None:
        """Mark a point, as a click on it does."""
        x, y = (axis[number] for axis in self.points.getData())
        self.mark.setData(x=[x], y=[y])
        self.chosen.emit(number)

    def clear(self) -> None:
        """Show nothing."""
        self.points.clear()
        self.mark.clear()

    def place_of(self, number: int) -> QPointF:
        """Return where a point is in the plot's viewport, in pixels."""
        x, y = (float(axis[number]) for axis in self.points.getData())
        scene = self.plot.getViewBox().mapViewToScene(QPointF(x, y))
        return QPointF(self.plot.mapFromScene(scene))

    def _hover(self, _item: Any, points: Sequence[Any], _event: Any) -> None:
        self.hovered.emit(points[-1].index() if len(points) else -1)

    def _click(self, _item: Any, points: Sequence[Any], event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.choose(points[-1].index())


def colors_of_kinds(kinds: NDArray[np.int64]) -> list[QColor]:
    """Return a colour for each number, the same for the same one; there may be hundreds."""
    table = {kind: QColor.fromHsvF(kind * GOLDEN % 1, 0.65, 1.0) for kind in np.unique(kinds)}
    return [table[kind] for kind in kinds.tolist()]


def colors_of_shares(shares: NDArray[np.float64]) -> list[QColor]:
    """Return a colour for each number from 0, dark, to 1, bright."""
    colormap = pg.colormap.get("viridis")
    return [QColor(*color) for color in colormap.map(0.15 + 0.85 * shares, mode="byte").tolist()]
