"""Pages that are taller than their panel."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QScrollArea, QVBoxLayout, QWidget


def scrolled(inside: QWidget) -> QScrollArea:
    """Return an area that scrolls a page up and down, as wide as there is room."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setWidget(inside)
    return area


def fill_scrolled(page: QWidget, inside: QWidget) -> None:
    """Fill a page with what may be taller than it."""
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(scrolled(inside))
