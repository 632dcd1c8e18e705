"""One plane of a volume with the label over it and a crosshair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QPoint, QRect, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.data.planes import Plane

LABEL_OPACITY = 0.5
GROUND = QColor("#000000")
CROSSHAIR = QColor(240, 228, 66, 190)
LETTERS = QColor("#c8ccd2")
EDGES = {"axial": "RLAP", "coronal": "RLSI", "sagittal": "APSI"}
"""Letters at the left, right, top and bottom of each plane, in radiological convention."""


def picture(
    image: NDArray[np.float32],
    labels: NDArray[np.uint8] | None,
    limits: tuple[float, float],
    colors: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return a slice in grey with its labels in colour.

    Parameters
    ----------
    image
        Grey values ``(row, column)``.
    labels
        Label values ``(row, column)``; 0 is not drawn.
    limits
        Grey values that are drawn black and white.
    colors
        Colour of each label value, ``(256, 3)``.

    Returns
    -------
    array
        ``(row, column, 3)``, in memory row by row.
    """
    low, high = limits
    share = (np.nan_to_num(image) - low) * (255.0 / max(high - low, 1e-12))
    grey = np.clip(share, 0, 255).astype(np.uint8)
    drawn = np.repeat(grey[..., None], 3, axis=2)
    if labels is not None:
        marked = labels > 0
        tint = colors[labels[marked]].astype(np.float32)
        mixed = (1 - LABEL_OPACITY) * drawn[marked] + LABEL_OPACITY * tint
        drawn[marked] = mixed.astype(np.uint8)
    return np.ascontiguousarray(drawn)


class PlanePane(QWidget):
    """Draws a picture in its true proportions; a click, a drag or an arrow key points at a pixel.

    `pointed` carries the pixel's (row, column); `stepped` by how many rows, columns and slices to
    move, with the arrow keys, and with Page Up, Page Down or the wheel.
    """

    pointed = Signal(int, int)
    stepped = Signal(int, int, int)

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edges = EDGES[plane]
        self._picture: NDArray[np.uint8] | None = None
        self._pixel_mm = (1.0, 1.0)
        self._cross = (0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"{plane.capitalize()} plane")
        self.setMinimumSize(80, 80)

    def sizeHint(self) -> QSize:
        """Return a small square."""
        return QSize(110, 110)

    def show_picture(
        self, drawn: NDArray[np.uint8] | None, pixel_mm: tuple[float, float], cross: tuple[int, int]
    ) -> None:
        """Show a picture ``(row, column, 3)`` with the height and width of a pixel in mm."""
        self._picture, self._pixel_mm, self._cross = drawn, pixel_mm, cross
        self.update()

    def place_of_picture(self) -> QRect:
        """Return where the picture is in the pane: as large as fits, centred."""
        if self._picture is None:
            return QRect()
        rows, columns = self._picture.shape[:2]
        height, width = rows * self._pixel_mm[0], columns * self._pixel_mm[1]
        scale = min(self.width() / width, self.height() / height)
        size = QSize(max(round(width * scale), 1), max(round(height * scale), 1))
        corner = QPoint((self.width() - size.width()) // 2, (self.height() - size.height()) // 2)
        return QRect(corner, size)

    def place_of_pixel(self, row: int, column: int) -> QPoint:
        """Return the centre of a pixel of the picture in the pane."""
        assert self._picture is not None
        place, (rows, columns) = self.place_of_picture(), self._picture.shape[:2]
        x = place.left() + (column + 0.5) * place.width() / columns
        y = place.top() + (row + 0.5) * place.height() / rows
        return QPoint(int(x), int(y))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground, picture, crosshair and letters."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), GROUND)
        if self._picture is not None:
            rows, columns = self._picture.shape[:2]
            image = QImage(
                self._picture.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888
            )
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.place_of_picture(), image)
            self._draw_crosshair(painter)
        self._draw_letters(painter)
        if self.hasFocus():
            painter.setPen(CROSSHAIR)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Point at the pixel under the mouse."""
        self._point_at(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Keep pointing while the button is down."""
        self._point_at(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Move through the slices of this plane."""
        turned = event.angleDelta().y()
        if turned:
            self.stepped.emit(0, 0, -1 if turned > 0 else 1)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the crosshair by a pixel, or by a slice."""
        steps = {
            Qt.Key.Key_Up: (-1, 0, 0),
            Qt.Key.Key_Down: (1, 0, 0),
            Qt.Key.Key_Left: (0, -1, 0),
            Qt.Key.Key_Right: (0, 1, 0),
            Qt.Key.Key_PageUp: (0, 0, -1),
            Qt.Key.Key_PageDown: (0, 0, 1),
        }
        if event.key() in steps:
            self.stepped.emit(*steps[event.key()])
        else:
            super().keyPressEvent(event)

    def _point_at(self, event: QMouseEvent) -> None:
        if self._picture is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        place, (rows, columns) = self.place_of_picture(), self._picture.shape[:2]
        inside = event.pos() - place.topLeft()
        row = inside.y() * rows // place.height()
        column = inside.x() * columns // place.width()
        self.pointed.emit(min(max(row, 0), rows - 1), min(max(column, 0), columns - 1))

    def _draw_crosshair(self, painter: QPainter) -> None:
        center, place = self.place_of_pixel(*self._cross), self.place_of_picture()
        painter.setPen(CROSSHAIR)
        painter.drawLine(place.left(), center.y(), place.right(), center.y())
        painter.drawLine(center.x(), place.top(), center.x(), place.bottom())

    def _draw_letters(self, painter: QPainter) -> None:
        font = painter.font()
        font.setPointSize(7)
        painter.setFont(font)
        painter.setPen(LETTERS)
        inside = self.rect().adjusted(3, 2, -3, -2)
        flags = Qt.AlignmentFlag
        middle, center = flags.AlignVCenter, flags.AlignHCenter
        places = (
            flags.AlignLeft | middle,
            flags.AlignRight | middle,
            flags.AlignTop | center,
            flags.AlignBottom | center,
        )
        for letter, place in zip(self._edges, places, strict=True):
            painter.drawText(inside, int(place), letter)
