"""How long to train: in minutes, or in steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_salient.pretraining.job import steps_within
from napari_salient.widgets.pretrain.words import estimate_text

if TYPE_CHECKING:
    from napari_salient.pretraining.survey import Estimate

MINUTES, STEPS = "minutes", "steps"
MOST = {MINUTES: 7 * 24 * 60, STEPS: 10_000_000}
FIRST = {MINUTES: 30, STEPS: 3000}


class Budget(QWidget):
    """A number of minutes or steps, and what it amounts to once five steps were timed."""

    estimate_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number, self.unit = QSpinBox(), QComboBox()
        self.ask = QPushButton("Estimate")
        self.estimate = QLabel()
        self._known: Estimate | None = None
        self._numbers = dict(FIRST)
        self._shown = MINUTES
        self._lay_out()
        self._show_estimate()

    @property
    def steps(self) -> int | None:
        """Steps to take; `None` for minutes of a pace that is not known yet."""
        if self.unit.currentText() == STEPS:
            steps: int = self.number.value()
            return steps
        known = self._known
        return None if known is None else steps_within(self.number.value(), known.seconds)

    def set_steps(self, steps: int) -> None:
        """Ask for a number of steps."""
        self.unit.setCurrentText(STEPS)
        self.number.setValue(steps)

    def set_minutes(self) -> None:
        """Ask for the minutes that were asked for last."""
        self.unit.setCurrentText(MINUTES)

    def set_estimate(self, estimate: Estimate | None) -> None:
        """Say what the training takes; `None` where that no longer holds."""
        self._known = estimate
        self._show_estimate()

    def _show_estimate(self) -> None:
        steps = self.steps
        if self._known is not None and steps is not None:
            self.estimate.setText(estimate_text(self._known, steps))
        elif steps is None:
            self.estimate.setText("Five steps are timed first, to know how many fit.")
        else:
            self.estimate.clear()
        self.estimate.setVisible(bool(self.estimate.text()))

    def _unit_changed(self, unit: str) -> None:
        self._numbers[self._shown] = self.number.value()
        self._shown = unit
        self.number.setRange(1, MOST[unit])
        self.number.setValue(self._numbers[unit])
        self._show_estimate()

    def _lay_out(self) -> None:
        self.unit.addItems([MINUTES, STEPS])
        self.number.setRange(1, MOST[MINUTES])
        self.number.setValue(FIRST[MINUTES])
        self.number.setGroupSeparatorShown(True)
        self.number.setAccessibleName("Budget")
        self.unit.setAccessibleName("Unit of the budget")
        self.ask.setToolTip(
            "Time five steps and find out how much memory they take; nothing is kept."
        )
        self.ask.setAutoDefault(True)
        self.estimate.setWordWrap(True)
        self.estimate.setAccessibleName("Estimate")
        row = QHBoxLayout()
        row.addWidget(self.number, 1)
        row.addWidget(self.unit)
        for part in (self.number, self.unit):
            part.setMinimumWidth(60)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.ask)
        column.addWidget(self.estimate)
        self.unit.currentTextChanged.connect(self._unit_changed)
        self.number.valueChanged.connect(lambda _value: self._show_estimate())
        self.ask.clicked.connect(lambda _checked=False: self.estimate_requested.emit())
        self.setFocusProxy(self.number)
