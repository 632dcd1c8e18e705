"""A pretraining while it runs, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_salient.engine.events import Finished, FinishReason
from napari_salient.widgets.curve import CurvePanel
from napari_salient.widgets.pretrain.words import outcome_text, title_of

if TYPE_CHECKING:
    from napari_salient.pretraining.settings import PoolTraining
    from napari_salient.widgets.pretrain.history import History, Quantity

TRAINING, HELD_OUT, CHANCE = "in training", "held out", "chance"
BACK, ANOTHER = "Back to the form", "Set up another run"


class RunView(QWidget):
    """Curves, notes and alarms of one run, and at its end what was learned and what comes next."""

    set_up_requested = Signal()
    features_requested = Signal()
    initialise_requested = Signal()
    resume_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.memory = QLabel(), QLabel()
        self.outcome, self.notes = QLabel(), QLabel()
        self.accuracy = CurvePanel("step", "accuracy", (0.0, 1.0), legend_at=(8, 8))
        self.loss = CurvePanel("step", "loss", legend_at=(-8, 8))
        self.initialise = QPushButton("Initialise the segmentation model")
        self.features = QPushButton("Look at the features")
        self.resume = QPushButton("Resume this run")
        self.set_up = QPushButton(BACK)
        self._training: PoolTraining | None = None
        self._history: History | None = None
        self._lay_out()

    def show_run(self, training: PoolTraining, history: History) -> None:
        """Show a run that goes on; draw it again with `draw`."""
        self._training, self._history = training, history
        self.title.setText(title_of(training))
        self.title.setToolTip(str(training.pool or ""))
        self.accuracy.clear()
        self.loss.clear()
        for part in (self.outcome, self.initialise, self.features, self.resume):
            part.hide()
        self.set_up.setText(BACK)
        self.draw()

    def draw(self) -> None:
        """Show what the history knows by now."""
        if self._history is None:
            return
        panels: dict[Quantity, CurvePanel] = {"accuracy": self.accuracy, "loss": self.loss}
        for name, panel in panels.items():
            panel.set_line(TRAINING, *self._history.training(name), points=False)
            panel.set_line(HELD_OUT, *self._history.held_out(name))
        chance = self._history.chance
        if chance is not None:
            self.accuracy.set_line(CHANCE, (0, self._history.total), (chance,) * 2, points=False)
        self.memory.setText(self._history.memory)
        self.memory.setVisible(bool(self._history.memory))
        self.notes.setText("\n\n".join(self._history.notes))
        self.notes.setVisible(bool(self._history.notes))

    def show_end(self, finished: Finished) -> None:
        """Say what came of the run, and offer what can be done with it."""
        self.draw()
        self.memory.hide()
        completed = finished.reason is FinishReason.COMPLETED
        self.outcome.setText(self._said(finished))
        self.outcome.setStyleSheet("" if completed else "color: #ffcf66;")
        for part, shown in (
            (self.outcome, True),
            (self.initialise, completed),
            (self.features, completed),
            (self.resume, not completed),
        ):
            part.setVisible(shown)
        self.set_up.setText(ANOTHER)

    def _said(self, finished: Finished) -> str:
        if finished.reason is FinishReason.COMPLETED and self._training and self._history:
            return outcome_text(self._training.task, self._history)
        return finished.message

    def _lay_out(self) -> None:
        for label, name in (
            (self.title, "Run"),
            (self.memory, "Memory"),
            (self.outcome, "What was learned"),
            (self.notes, "Notes and alarms"),
        ):
            label.setWordWrap(True)
            label.setAccessibleName(name)
        self.title.setStyleSheet("font-weight: bold;")
        self.notes.setStyleSheet("color: #ffcf66;")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 6, 4, 2)
        for part in (self.title, self.memory, self.outcome):
            layout.addWidget(part)
        for part in (self.initialise, self.features, self.resume, self.set_up, self.notes):
            layout.addWidget(part)
        for part, height in ((self.accuracy, 240), (self.loss, 180)):
            part.setFixedHeight(height)
            layout.addWidget(part)
        layout.addStretch(1)
        for button, signal in (
            (self.initialise, self.initialise_requested),
            (self.features, self.features_requested),
            (self.resume, self.resume_requested),
            (self.set_up, self.set_up_requested),
        ):
            button.setAutoDefault(True)
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit())
