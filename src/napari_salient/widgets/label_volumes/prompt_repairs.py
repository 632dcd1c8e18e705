"""The menu of repairs, and what all prompts leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QWidget,
    QWidgetAction,
)

from napari_salient.active_learning.prompts import Holes, Islands, LargestPart, Smooth

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_salient.active_learning.prompting import Prompting
    from napari_salient.active_learning.prompts import Repair
    from napari_salient.data.planes import Plane

SMOOTH_MM, ISLANDS_MM3 = 1.0, 50.0


class RepairMenu(QMenu):
    """Repairs of the class that is painted with, in all of the volume."""

    wanted = Signal(object)
    """A `Repair`."""

    def __init__(self, prompting: Prompting, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prompting = prompting
        self.setToolTipsVisible(True)
        self.smooth = self._with_size("Smooth by", Smooth, SMOOTH_MM, " mm")
        self.islands = self._with_size("Drop islands below", Islands, ISLANDS_MM3, " mm³")
        self._plain("Keep the largest part", LargestPart())
        self._plain("Fill holes in 3D", Holes())
        self._plain(f"Fill holes on each {plane} slice", Holes(plane))
        self.addSeparator()
        self.lock = self.addAction("Lock accepted slices")
        self.lock.setToolTip("Neither prompts nor repairs change what is accepted")
        self.lock.setCheckable(True)
        self.lock.setChecked(prompting.keep_accepted)
        self.lock.toggled.connect(self._set_lock)
        self.flat = self.addAction("This slice only")
        self.flat.setToolTip("Prompts and repairs change the open slice alone")
        self.flat.setCheckable(True)
        self.flat.toggled.connect(self._set_flat)

    def _plain(self, text: str, repair: Repair) -> None:
        self.addAction(text).triggered.connect(lambda: self.wanted.emit(repair))

    def _with_size(
        self, text: str, repair: Callable[[float], Repair], start: float, unit: str
    ) -> QDoubleSpinBox:
        """Add a line with a button and the size that it takes; return the size."""
        size = QDoubleSpinBox()
        size.setRange(0.1, 100_000.0)
        size.setDecimals(1)
        size.setValue(start)
        size.setSuffix(unit)
        size.setAccessibleName(text)
        button = QPushButton(text)
        button.clicked.connect(lambda: self._go(repair(size.value())))
        line = QWidget()
        layout = QHBoxLayout(line)
        layout.setContentsMargins(6, 2, 6, 2)
        layout.addWidget(button, 1)
        layout.addWidget(size)
        action = QWidgetAction(self)
        action.setDefaultWidget(line)
        self.addAction(action)
        return size

    def _go(self, repair: Repair) -> None:
        """Close the menu, give the keys back to the window, and ask for the repair."""
        if self.focusWidget() is not None:
            self.focusWidget().clearFocus()
        self.hide()
        self.parentWidget().window().activateWindow()
        self.wanted.emit(repair)

    def _set_lock(self, on: bool) -> None:
        self._prompting.keep_accepted = on

    def _set_flat(self, on: bool) -> None:
        self._prompting.this_slice_only = on
