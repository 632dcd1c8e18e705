"""What a prompt tool shows over napari's canvas while the mouse moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QWidget

from napari_salient.widgets.label_volumes.prompt_gesture import Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QPaintEvent

ADD, REMOVE = QColor("#2fbf8f"), QColor("#ff9a8a")
VEIL = 70
"""Opacity of a brush stroke, of 255."""


class PromptOverlay(QWidget):
    """Draws the path of the mouse, or the reach around it; the mouse itself goes through it.

    All sizes are in pixels of the canvas.

    Parameters
    ----------
    canvas
        The widget that it covers.
    """

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self._tool: Tool | None = None
        self._path: list[QPointF] = []
        self._radius = 0.0
        self._include = True
        canvas.installEventFilter(self)
        self.setGeometry(canvas.rect())
        self.hide()

    def draw(self, tool: Tool, path: Sequence[Any], radius: float, *, include: bool = True) -> None:
        """Show what was drawn so far; of one point with a reach, the circle around it."""
        self._tool, self._radius, self._include = tool, radius, include
        self._path = [QPointF(float(x), float(y)) for x, y in path]
        self.show()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the canvas, and go when the mouse leaves it."""
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self.setGeometry(watched.rect())
        elif event.type() == QEvent.Type.Leave:
            self.hide()
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw path, box or reach."""
        if not self._path:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = ADD if self._include else REMOVE
        if self._tool is Tool.BOX:
            self._pen(painter, color, 2)
            painter.drawRect(QRectF(self._path[0], self._path[-1]))
        elif self._tool is Tool.BRUSH:
            veil = QColor(color)
            veil.setAlpha(VEIL)
            self._pen(painter, veil, max(2.0, 2 * self._radius))
            painter.drawPolyline(*self._path, self._path[-1] + QPointF(0.1, 0))
        else:
            self._pen(painter, color, 1, Qt.PenStyle.DashLine)
            painter.drawEllipse(self._path[-1], self._radius, self._radius)
            self._pen(painter, color, 3)
            painter.drawPolyline(*self._path)

    def _pen(
        self, painter: QPainter, color: QColor, width: float, style: Any = Qt.PenStyle.SolidLine
    ) -> None:
        round_ = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        painter.setPen(QPen(color, width, style, *round_))


def canvas_of(window: QWidget) -> QWidget | None:
    """Return the widget in which napari draws, `None` where it cannot be told."""
    found = (w for w in window.findChildren(QWidget) if "CanvasBackend" in type(w).__name__)
    return next(found, None)
