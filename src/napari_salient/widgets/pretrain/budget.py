"""How long to train: in minutes, or in steps."""

from __future__ import annotations

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
from napari_salient.widgets.pretrain.words import pace_text

MINUTES, STEPS = "minutes", "steps"
MOST = {MINUTES: 7 * 24 * 60, STEPS: 10_000_000}
FIRST = {MINUTES: 30, STEPS: 3000}


class Budget(QWidget):
    """A number of minutes or steps, and what it amounts to once five steps were timed."""

    timing_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number, self.unit = QSpinBox(), QComboBox()
        self.time = QPushButton("Estimate")
        self.estimate = QLabel()
        self._pace: float | None = None
        self._numbers = dict(FIRST)
        self._shown = MINUTES
        self._lay_out()
        self.forget_pace()

    @property
    def steps(self) -> int | None:
        """Steps to take; `None` for minutes of a pace that is not known yet."""
        if self.unit.currentText() == STEPS:
            steps: int = self.number.value()
            return steps
        return None if self._pace is None else steps_within(self.number.value(), self._pace)

    def set_steps(self, steps: int) -> None:
        """Ask for a number of steps."""
        self.unit.setCurrentText(STEPS)
        self.number.setValue(steps)

    def set_pace(self, seconds: float) -> None:
        """Say how long a step takes."""
        self._pace = seconds
        self._show_estimate()

    def forget_pace(self) -> None:
        """Forget how long a step takes, since that no longer holds."""
        self._pace = None
        self._show_estimate()

    def _show_estimate(self) -> None:
        steps = self.steps
        if self._pace is not None and steps is not None:
            self.estimate.setText(pace_text(self._pace, steps))
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
        self.time.setToolTip("Time five steps with these settings; what they learn is thrown away.")
        self.time.setAutoDefault(True)
        self.estimate.setWordWrap(True)
        self.estimate.setAccessibleName("Estimate")
        row = QHBoxLayout()
        row.addWidget(self.number, 1)
        row.addWidget(self.unit)
        row.addWidget(self.time)
        for part in (self.number, self.unit, self.time):
            part.setMinimumWidth(60)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.estimate)
        self.unit.currentTextChanged.connect(self._unit_changed)
        self.number.valueChanged.connect(lambda _value: self._show_estimate())
        self.time.clicked.connect(lambda _checked=False: self.timing_requested.emit())
        self.setFocusProxy(self.number)
