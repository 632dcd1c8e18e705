"""The pool at a glance: a strip for each volume, a cell for each of its slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QAbstractScrollArea, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from napari_salient.widgets.pool_cells import Cell, PoolCells
from napari_salient.widgets.pool_legend import PoolLegend

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

ROW_HEIGHT = 18
STRIP_HEIGHT = 12
NAME_WIDTH = 92
NAME_COLOR = QColor("#c8ccd2")
CURRENT_COLOR = QColor("#ffffff")
CURSOR_COLOR = QColor("#cc79a7")
HALO_COLOR = QColor("#000000")


class PoolMap(QWidget):
    """Volumes by slices, with what is labelled, drafted, proposed, sent back, and how uncertain.

    `slice_chosen` says which ``(case_id, index)`` was clicked, or chosen with Return. The arrow
    keys, Page Up and Down, Home and End move a cursor over the cells. Only the rows in sight are
    drawn.
    """

    slice_chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.strips = _Strips(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.strips)
        layout.addWidget(PoolLegend())
        self.setFocusProxy(self.strips)
        self.strips.chosen.connect(self.slice_chosen)

    @property
    def cells(self) -> PoolCells:
        """The shown states and uncertainties; call `refresh` after changing them in place."""
        return self.strips.cells

    def set_cases(self, cases: Iterable[tuple[int, str, int]]) -> None:
        """Show these volumes, ``(case_id, name, number of slices)``, all slices unlabelled."""
        self.strips.show_cells(PoolCells(cases))

    def set_states(self, case_ids: ArrayLike, indices: ArrayLike, state: Cell | ArrayLike) -> None:
        """Set the state of slices; the three may be arrays of one length, or single values."""
        self.cells.states[self.cells.places(case_ids, indices)] = state
        self.refresh()

    def set_uncertainty(self, case_ids: ArrayLike, indices: ArrayLike, values: ArrayLike) -> None:
        """Set uncertainties (0 to 1) of slices; NaN where there is none."""
        self.cells.uncertainty[self.cells.places(case_ids, indices)] = values
        self.refresh()

    def set_current(self, case_id: int, index: int) -> None:
        """Mark the open slice and bring its row into sight."""
        self.strips.mark(self.cells.row_of[case_id], index)

    def refresh(self) -> None:
        """Draw again, with the next pass of the event loop."""
        self.strips.viewport().update()


class _Strips(QAbstractScrollArea):
    chosen = Signal(int, int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.cells = PoolCells()
        self.current: tuple[int, int] | None = None
        self.cursor = (0, 0)
        self.rows_drawn = range(0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Map of the pool: volumes by slices")

    def sizeHint(self) -> QSize:
        return QSize(320, ROW_HEIGHT * 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(NAME_WIDTH + 80, ROW_HEIGHT * 3)

    def show_cells(self, cells: PoolCells) -> None:
        self.cells, self.current, self.cursor = cells, None, (0, 0)
        self._fit_scroll_bar()
        self.viewport().update()

    def mark(self, row: int, index: int) -> None:
        self.current = self.cursor = (row, index)
        self._say_cursor()

    def cell_at(self, point: QPoint) -> tuple[int, int] | None:
        """Return row and slice index under a point of the viewport, `None` beside the strips."""
        row = (point.y() + self.verticalScrollBar().value()) // ROW_HEIGHT
        column = point.x() - NAME_WIDTH
        if not 0 <= row < len(self.cells) or not 0 <= column < self._strip_width():
            return None
        return row, column * self.cells.slices(row) // self._strip_width()

    def rect_of(self, row: int, index: int) -> QRect:
        """Return the place of a cell in the viewport."""
        width, count = self._strip_width(), self.cells.slices(row)
        left, right = -(-index * width // count), -(-(index + 1) * width // count)
        return QRect(NAME_WIDTH + left, self._top_of(row), max(right - left, 1), STRIP_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        first = max(event.rect().top() + self.verticalScrollBar().value(), 0) // ROW_HEIGHT
        last = (event.rect().bottom() + self.verticalScrollBar().value()) // ROW_HEIGHT + 1
        self.rows_drawn = range(first, min(last, len(self.cells)))
        for row in self.rows_drawn:
            self._paint_row(painter, row)
        if len(self.cells) and self.hasFocus():
            self._frame(painter, self.cursor, CURSOR_COLOR)
        if self.current is not None:
            self._frame(painter, self.current, CURRENT_COLOR)
        painter.end()

    def _paint_row(self, painter: QPainter, row: int) -> None:
        top, width = self._top_of(row), self._strip_width()
        is_current = self.current is not None and self.current[0] == row
        painter.setPen(CURRENT_COLOR if is_current else NAME_COLOR)
        name = painter.fontMetrics().elidedText(
            self.cells.names[row], Qt.TextElideMode.ElideMiddle, NAME_WIDTH - 8
        )
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRect(2, top - 3, NAME_WIDTH, ROW_HEIGHT), middle, name)
        if self.cells.slices(row):
            picture = np.ascontiguousarray(self.cells.paint(row, width, STRIP_HEIGHT))
            image = QImage(
                picture.data, width, STRIP_HEIGHT, 3 * width, QImage.Format.Format_RGB888
            )
            painter.drawImage(NAME_WIDTH, top, image)

    def _frame(self, painter: QPainter, cell: tuple[int, int], color: QColor) -> None:
        around = self.rect_of(*cell).adjusted(-3, -3, 2, 2)
        painter.setPen(QPen(HALO_COLOR, 1))
        painter.drawRect(around)
        painter.drawRect(around.adjusted(2, 2, -2, -2))
        painter.setPen(QPen(color, 1))
        painter.drawRect(around.adjusted(1, 1, -1, -1))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.pos())
        if event.button() == Qt.MouseButton.LeftButton and cell is not None:
            self.cursor = cell
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, index = self.cursor
        page = max(self.viewport().height() // ROW_HEIGHT, 1)
        moves = {
            Qt.Key.Key_Up: (row - 1, index),
            Qt.Key.Key_Down: (row + 1, index),
            Qt.Key.Key_Left: (row, index - 1),
            Qt.Key.Key_Right: (row, index + 1),
            Qt.Key.Key_PageUp: (row - page, index),
            Qt.Key.Key_PageDown: (row + page, index),
            Qt.Key.Key_Home: (0, 0),
            Qt.Key.Key_End: (len(self.cells) - 1, 0),
        }
        if len(self.cells) and event.key() in moves:
            self._move_cursor(*moves[event.key()])
        elif len(self.cells) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ToolTip:
            return bool(super().viewportEvent(event))
        cell = self.cell_at(event.pos())
        QToolTip.showText(event.globalPos(), self.cells.text(*cell) if cell else "", self)
        return True

    def resizeEvent(self, event: QEvent) -> None:
        super().resizeEvent(event)
        self._fit_scroll_bar()

    def _move_cursor(self, row: int, index: int) -> None:
        row = min(max(row, 0), len(self.cells) - 1)
        self.cursor = row, min(max(index, 0), self.cells.slices(row) - 1)
        self._say_cursor()

    def _say_cursor(self) -> None:
        row, index = self.cursor
        self.setAccessibleDescription(self.cells.text(row, index))
        bar, height = self.verticalScrollBar(), self.viewport().height()
        top = row * ROW_HEIGHT
        bar.setValue(min(max(bar.value(), top + ROW_HEIGHT - height), top))
        self.viewport().update()

    def _choose(self) -> None:
        self._say_cursor()
        row, index = self.cursor
        self.chosen.emit(self.cells.case_ids[row], index)

    def _strip_width(self) -> int:
        return max(int(self.viewport().width()) - NAME_WIDTH - 4, 1)

    def _top_of(self, row: int) -> int:
        return row * ROW_HEIGHT - int(self.verticalScrollBar().value()) + 3

    def _fit_scroll_bar(self) -> None:
        bar, height = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(len(self.cells) * ROW_HEIGHT - height, 0))
        bar.setPageStep(height)
        bar.setSingleStep(ROW_HEIGHT)
