"""The panel itself: the set-up page, or the bench of the open project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Signal
from qtpy.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason, Warned
from napari_salient.errors import SalientError
from napari_salient.widgets.closing import on_closed
from napari_salient.widgets.inspect_caries.bench import Bench
from napari_salient.widgets.inspect_caries.set_up_page import SetUpPage
from napari_salient.widgets.notice import NoticeLine, ResearchFooter, sentence_of
from napari_salient.widgets.run_controls import RunControls
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.engine.events import Event, Finished

WIDTH = 390


class InspectCaries(QWidget):
    """Read radiographs with a model that shows what its score rests on, and steer it.

    Parameters
    ----------
    napari_viewer
        The viewer that shows the radiographs.
    """

    opened = Signal()
    """A project is open and its first radiograph is on the way."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.bench: Bench | None = None
        self.notice = NoticeLine()
        self.set_up = SetUpPage()
        self.progress = RunControls()
        self.progress.start.hide()
        self.progress.hide()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.set_up)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 2)
        layout.setSpacing(3)
        for part in (self._stack, self.progress, self.notice, ResearchFooter()):
            layout.addWidget(part, 1 if part is self._stack else 0)
        self.set_up.open_requested.connect(self.open)
        on_closed(self, self.close_project)

    def sizeHint(self) -> QSize:
        """Return the width that the pages are made for."""
        return QSize(WIDTH, 800)

    def open(self, folder: Path, model: Path | None = None) -> None:
        """Open radiographs, or a project of them, in place of what is open.

        Parameters
        ----------
        folder
            Of radiographs, whose project lies beside it or is made there; or a project.
        model
            A run's folder or a checkpoint; `None` to mark regions without a model.
        """
        self.close_project()
        self.notice.forget()
        self.set_up.suggest(folder, model)
        self.set_up.setEnabled(False)
        control = Control()
        self.progress.show()
        self.progress.follow(control, "Opening, the first time takes some seconds")
        start_job(
            lambda: _opening(folder, model, control),
            control,
            self._event,
            self._ended,
            name="Opening radiographs",
            owner=self,
        )

    def close_project(self) -> None:
        """Save everything and go back to the set-up page; does nothing without a project."""
        bench, self.bench = self.bench, None
        if bench is not None:
            bench.close_project()
            self._stack.removeWidget(bench)
            bench.deleteLater()

    def _event(self, event: Event) -> None:
        self.progress.show_event(event)
        if isinstance(event, Warned):
            self.notice.tell(event.message, "warning")

    def _ended(self, finished: Finished) -> None:
        self.progress.show_event(finished)
        self.progress.hide()
        self.set_up.setEnabled(True)
        if finished.reason is not FinishReason.COMPLETED:
            error = finished.error or SalientError(finished.message)
            self.set_up.problem.setText(sentence_of(error))
            self.notice.tell_error(error)
            return
        self.bench = Bench(self.viewer, finished.result, self.notice, self)
        self.bench.leave_requested.connect(self.close_project)
        self._stack.addWidget(self.bench)
        self._stack.setCurrentWidget(self.bench)
        focused = self.window().focusWidget()
        if focused is not None:
            focused.clearFocus()
        self.bench.begin()
        self.opened.emit()


def _opening(folder: Path, model: Path | None, control: Control) -> Iterator[Event]:
    from napari_salient.caries.opening import open_job

    return open_job(folder, model, control)
