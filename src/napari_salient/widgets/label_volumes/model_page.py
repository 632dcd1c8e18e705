"""The page about the model: how good it is, how it is trained, and which round is in use."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_salient.active_learning.settings import LoopSettings
from napari_salient.widgets.curve import CurvePanel
from napari_salient.widgets.label_volumes.start_part import StartPart
from napari_salient.widgets.label_volumes.stop_part import StopPart
from napari_salient.widgets.label_volumes.strategy_choice import StrategyChoice
from napari_salient.widgets.label_volumes.words import effort_text
from napari_salient.widgets.scrolled import fill_scrolled
from napari_salient.widgets.settings_form import SettingsForm, parameter_help
from napari_salient.widgets.table import Table

if TYPE_CHECKING:
    from qtpy.QtGui import QShowEvent

    from napari_salient.active_learning.progress import CurvePoint
    from napari_salient.active_learning.session import LabellingSession

AGREEMENT, VALIDATION = "agreement with you", "validation Dice"
CURVE_HEIGHT = 190
COLUMN_WIDTHS = (58, 58, 86, 86, 60)
ON_TOP = ("strategy", "batch", "train_after_batch")


class ModelPage(QWidget):
    """How good the model is, whether to go on, settings of the loop, table of rounds.

    `roll_back_requested` carries the number of a round.
    """

    roll_back_requested = Signal(int)
    resume_requested = Signal()
    settings_changed = Signal()

    def __init__(self, session: LabellingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.strategy = StrategyChoice(session.settings.strategy)
        self.batch, self.automatic = QSpinBox(), QCheckBox()
        self.form = SettingsForm(LoopSettings, hidden=ON_TOP)
        self.curve = CurvePanel("labelled slices", "Dice", (0.0, 1.0))
        self.rounds = Table(("Round", "Slices", "Agreement", "Validation", "Used"))
        self.stop, self.start = StopPart(session), StartPart()
        self.effort = QLabel()
        self.effort.setToolTip("Median seconds and mean strokes of the slices you accepted.")
        self.effort.setWordWrap(True)
        self.use = QPushButton("Use the selected round")
        self.resume = QPushButton("Resume the interrupted round")
        self._set_up_choices()
        self._lay_out()
        self.use.clicked.connect(self._use_selected)
        self.resume.clicked.connect(lambda _checked=False: self.resume_requested.emit())
        self.resume.hide()
        self.setFocusProxy(self.strategy)
        self.show_rounds()

    def show_rounds(self) -> None:
        """Show the curve and the table as they are now."""
        points = self.session.curve()
        used = self.session.active_round
        number = used.number if used else None
        self.rounds.set_rows(
            [(p.round, p.labelled, p.agreement, p.dice, p.round == number) for p in points]
        )
        for column, width in enumerate(COLUMN_WIDTHS):
            self.rounds.setColumnWidth(column, width)
        self.use.setEnabled(bool(points))
        self.effort.setText(effort_text(self.session.effort()))
        self.stop.show_advice()
        self.curve.setVisible(any(p.agreement is not None or p.dice is not None for p in points))
        _draw(self.curve, points)

    def showEvent(self, event: QShowEvent) -> None:
        """Look at the rounds again whenever the page is opened."""
        super().showEvent(event)
        self.show_rounds()

    def _use_selected(self, _checked: bool = False) -> None:
        row = self.rounds.current_row()
        if row is not None:
            self.roll_back_requested.emit(int(self.rounds.rows[row][0]))

    def _edited(self, _value: Any = None) -> None:
        self.session.settings = dataclasses.replace(
            self.form.value(),
            strategy=self.strategy.name,
            batch=self.batch.value(),
            train_after_batch=self.automatic.isChecked(),
        )
        self.settings_changed.emit()

    def _set_up_choices(self) -> None:
        settings = self.session.settings
        self.batch.setRange(1, 999)
        self.batch.setValue(settings.batch)
        self.automatic.setText("Train when a batch is labelled")
        self.automatic.setChecked(settings.train_after_batch)
        self.form.set_value(settings)
        self.strategy.changed.connect(self._edited)
        self.batch.valueChanged.connect(self._edited)
        self.automatic.toggled.connect(self._edited)
        self.form.changed.connect(self._edited)

    def _lay_out(self) -> None:
        help_of = parameter_help(LoopSettings)
        rows = QFormLayout()
        for text, field, widget in (
            ("Strategy", "strategy", self.strategy),
            ("Batch", "batch", self.batch),
            ("", "train_after_batch", self.automatic),
        ):
            label = QLabel(text)
            label.setBuddy(widget)
            widget.setToolTip(help_of.get(field, ""))
            rows.addRow(label, widget)
        fold = QCollapsible("Settings")
        fold.setDuration(0)
        fold.addWidget(self.form)
        self.curve.setFixedHeight(CURVE_HEIGHT)
        self.rounds.setMinimumHeight(120)
        self.rounds.horizontalHeader().setStretchLastSection(False)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(4, 6, 4, 2)
        layout.addWidget(self.resume)
        layout.addWidget(self.start)
        layout.addWidget(self.curve)
        layout.addWidget(self.stop)
        layout.addWidget(self.effort)
        layout.addLayout(rows)
        layout.addWidget(fold)
        layout.addWidget(self.rounds, 1)
        layout.addWidget(self.use)
        fill_scrolled(self, inside)


def _draw(curve: CurvePanel, points: list[CurvePoint]) -> None:
    for name, values in (
        (AGREEMENT, [(p.labelled, p.agreement) for p in points if p.agreement is not None]),
        (VALIDATION, [(p.labelled, p.dice) for p in points if p.dice is not None]),
    ):
        curve.set_line(name, [x for x, _ in values], [y for _, y in values])
