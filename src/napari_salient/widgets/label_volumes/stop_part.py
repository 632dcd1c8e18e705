"""The part of the model's page that says whether it is worth going on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_salient.active_learning.stopping import ADVICE_PROVEN
from napari_salient.widgets.label_volumes import stop_words

if TYPE_CHECKING:
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.active_learning.stopping import StopAdvice

ROWS = {
    "Next batch": "What the learning curve promises for the next slices, with its 95 % interval.",
    "Agreement": "How much of the model's drafts you left (Dice): on slices drawn at random, which "
    "stand for the pool, and on those that the strategy chose.",
    "Steadiness": "How alike the models of consecutive rounds label the same unlabelled slices.",
    "Strategy": "Whether its slices are harder for the model than slices drawn at random.",
}
"""The rows, and what each of them means."""


class StopPart(QGroupBox):
    """Three signals with their numbers, and the advice where it has proven itself.

    Parameters
    ----------
    session
        Knows the signals.
    proven
        Whether the advice is shown at all; see `ADVICE_PROVEN`.
    """

    finish_requested = Signal()
    go_on_requested = Signal()
    export_requested = Signal()

    def __init__(
        self,
        session: LabellingSession,
        *,
        proven: bool = ADVICE_PROVEN,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Is it worth going on?", parent)
        self.session, self.proven = session, proven
        self.signals = {name: QLabel() for name in ROWS}
        self.verdict = QLabel()
        self.finish, self.go_on = QPushButton("Finish here"), QPushButton("Go on")
        self.export = QPushButton("Export…")
        self._went_on_after: int | None = None
        self._lay_out()
        self.finish.clicked.connect(lambda _checked=False: self.finish_requested.emit())
        self.export.clicked.connect(lambda _checked=False: self.export_requested.emit())
        self.go_on.clicked.connect(self._go_on)

    def show_advice(self) -> None:
        """Show the signals, and the advice or what became of it, as they are now."""
        advice, finished = self.session.stop_advice(), self.session.finished
        texts = (
            stop_words.gain_text(advice),
            stop_words.agreement_text(advice),
            stop_words.steadiness_text(advice),
            advice.lead,
        )
        for label, text in zip(self.signals.values(), texts, strict=True):
            label.setText(text)
        offered = self.proven and advice.verdict == "stop" and not self._went_on
        self.verdict.setText(self._verdict(advice))
        self.verdict.setToolTip(advice.sentence if self.proven else "")
        self.finish.setVisible(offered and not finished)
        self.go_on.setVisible(offered or finished)
        self.export.setVisible(finished)

    @property
    def _went_on(self) -> bool:
        """Whether the annotator has gone on in spite of the advice after this very round."""
        used = self.session.active_round
        return used is not None and used.number == self._went_on_after

    def _verdict(self, advice: StopAdvice) -> str:
        if self.session.finished:
            return stop_words.finished_text(self.session.progress().accepted)
        if self.proven and advice.verdict == "stop" and self._went_on:
            return stop_words.WENT_ON
        return stop_words.verdict_text(advice, proven=self.proven)

    def _go_on(self, _checked: bool = False) -> None:
        used = self.session.active_round
        self._went_on_after = used.number if used else None
        if self.session.finished:
            self.go_on_requested.emit()
        self.show_advice()

    def _lay_out(self) -> None:
        rows = QFormLayout()
        for name, label in self.signals.items():
            label.setWordWrap(True)
            label.setToolTip(ROWS[name])
            rows.addRow(name, label)
        self.verdict.setWordWrap(True)
        self.verdict.setAccessibleName("Advice")
        buttons = QHBoxLayout()
        for button in (self.finish, self.go_on, self.export):
            button.hide()
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addLayout(rows)
        layout.addWidget(self.verdict)
        layout.addLayout(buttons)
