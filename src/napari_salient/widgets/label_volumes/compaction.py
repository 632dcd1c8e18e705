"""Writing the labels of cases that were left to files, beside the labelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason
from napari_salient.errors import SalientError
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.engine.events import Finished
    from napari_salient.widgets.worker import Job


class Compaction(QObject):
    """Compacts a case in a worker thread when the annotator goes on to another one."""

    told = Signal(str, str)
    """A sentence for the annotator, and its severity."""

    def __init__(self, session: LabellingSession, owner: QWidget) -> None:
        super().__init__(owner)
        self._session, self._owner = session, owner
        self._open: int | None = None
        self._jobs: list[Job] = []

    def follow(self) -> None:
        """Compact the case that was open, if another one is now."""
        case = self._session.case
        left, self._open = self._open, case.case.id if case else None
        if left is None or left == self._open:
            return
        self._jobs = [job for job in self._jobs if job.running]
        self._jobs.append(
            start_job(
                lambda: self._session.compact(left),
                Control(),
                on_finished=self._ended,
                name="Compacting labels",
                owner=self._owner,
            )
        )

    def close(self) -> None:
        """Wait for what is being written, and compact the case that is still open."""
        for job in self._jobs:
            job.close()
        if self._open is not None:
            try:
                self._session.compact(self._open)
            except SalientError as error:
                self.told.emit(str(error), "warning")

    def _ended(self, finished: Finished) -> None:
        if finished.reason is FinishReason.ERRORED and finished.error is not None:
            self.told.emit(sentence_of(finished.error), "warning")
