"""What the colours and shapes of the pool map mean."""

from __future__ import annotations

from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QColor, QFontMetrics, QLinearGradient, QPainter, QPaintEvent, QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_salient.widgets.pool_cells import (
    BLANK_GREY,
    CELL_COLOR,
    CELL_SPAN,
    CELL_TEXT,
    UNCERTAIN_GREY,
    Cell,
)

SWATCH_WIDTH = 9
SWATCH_HEIGHT = 10
GAP = 2
SPACING = 5
LINE_HEIGHT = 18
SMALLER = 0.85
"""Than the rest of the panel, so that all entries find room in a line."""
TEXT_COLOR = QColor("#c8ccd2")


class PoolLegend(QWidget):
    """A swatch and a word for each state, and the grey ramp of the uncertainty."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        font = self.font()
        font.setPointSizeF(SMALLER * font.pointSizeF())
        self.setFont(font)
        self._entries = [(state, CELL_TEXT[state]) for state in CELL_COLOR]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take as many lines as the entries need at this width."""
        super().resizeEvent(event)
        self.setFixedHeight(LINE_HEIGHT * (self._places(self.width())[-1][1] + 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw swatches and words."""
        painter = QPainter(self)
        for (state, text), (left, line) in zip(
            [*self._entries, (None, "uncertain")], self._places(self.width()), strict=True
        ):
            top = line * LINE_HEIGHT + 4
            _draw_swatch(painter, QRect(left, top, SWATCH_WIDTH, SWATCH_HEIGHT), state)
            painter.setPen(TEXT_COLOR)
            place = QRect(left + SWATCH_WIDTH + GAP, top - 4, 200, LINE_HEIGHT)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()

    def _places(self, width: int) -> list[tuple[int, int]]:
        """Return the left edge and the line of each entry."""
        metrics = QFontMetrics(self.font())
        left, line, places = 2, 0, []
        for text in [*(text for _, text in self._entries), "uncertain"]:
            needed = SWATCH_WIDTH + GAP + metrics.horizontalAdvance(text)
            if left + needed > width and left > 2:
                left, line = 2, line + 1
            places.append((left, line))
            left += needed + SPACING
        return places


def _draw_swatch(painter: QPainter, place: QRect, state: Cell | None) -> None:
    if state is None:
        ramp = QLinearGradient(place.left(), 0, place.right(), 0)
        ramp.setColorAt(0, QColor(*[BLANK_GREY] * 3))
        ramp.setColorAt(1, QColor(*[UNCERTAIN_GREY] * 3))
        painter.fillRect(place, ramp)
        return
    painter.fillRect(place, QColor(*[BLANK_GREY] * 3))
    top, bottom = (round(part * place.height()) for part in CELL_SPAN[state])
    part = QRect(place.left(), place.top() + top, place.width(), bottom - top)
    painter.fillRect(part, QColor(*CELL_COLOR[state]))
