"""What a pretrained encoder gives to the model of the open project, tensor by tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason
from napari_salient.errors import SalientError
from napari_salient.finetuning.coverage import coverage_of
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.table import Table
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.active_learning.spec import SegmenterSpec
    from napari_salient.engine.events import Finished
    from napari_salient.finetuning.coverage import EncoderFit

    Pair = tuple[Path, SegmenterSpec]

COLUMNS = ("What becomes of it", "Tensor", "Shape")
COMPARING = "The encoder is being compared with the model."
WARM_UP = (
    "The first round trains all layers from its first step; the command finetune holds the encoder "
    "still at first."
)


class CoverageView(QWidget):
    """Compares an encoder with a model, in a worker thread, and shows what fits.

    Attributes
    ----------
    fit
        What the encoder gives to the model; `None` while that is not known.
    why_not
        Why it is not to be used there, or that it is being compared; empty if it may be used.
    """

    changed = Signal()
    """What fits is known now, or not any more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fit: EncoderFit | None = None
        self.why_not = ""
        self.summary, self.table = QLabel(), Table(COLUMNS)
        self.summary.setWordWrap(True)
        self.table.setAccessibleName("What becomes of each tensor of the model")
        self._pair: Pair | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.summary)
        layout.addWidget(self.table, 1)
        self._show(None, "")

    def compare(self, pair: Pair | None) -> None:
        """Compare a checkpoint with the spec of a model, unless that was done; `None` clears."""
        if pair == self._pair:
            return
        self._pair = pair
        self._show(None, COMPARING if pair else "")
        if pair is not None:
            start_job(
                lambda: coverage_of(*pair),
                Control(),
                on_finished=lambda finished: self._compared(pair, finished),
                name="Comparing an encoder with the model",
                owner=self,
            )

    def _compared(self, pair: Pair, finished: Finished) -> None:
        if pair != self._pair:
            return
        if finished.reason is FinishReason.COMPLETED:
            self._show(finished.result, finished.result.refusal)
        else:
            self._show(None, sentence_of(finished.error or SalientError(finished.message)))

    def _show(self, fit: EncoderFit | None, why_not: str) -> None:
        self.fit, self.why_not = fit, why_not
        said = (f"{fit}.", fit.remark, "" if why_not else WARM_UP) if fit else ()
        self.summary.setText(" ".join(filter(None, said)))
        rows = fit.rows if fit else []
        self.table.set_rows([(fate, name, shape) for name, shape, fate in rows])
        for part in (self.summary, self.table):
            part.setVisible(fit is not None)
        self.changed.emit()
