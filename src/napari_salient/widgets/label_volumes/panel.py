"""The panel itself: the set-up page, or the workbench of the open project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Signal
from qtpy.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from napari_salient.active_learning.session import LabellingSession
from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason, Warned
from napari_salient.errors import SalientError
from napari_salient.finetuning.chosen import fitting
from napari_salient.project.project import Project
from napari_salient.widgets.closing import on_closed
from napari_salient.widgets.label_volumes.new_project import NewProject, new_project_job
from napari_salient.widgets.label_volumes.remembered import remembered_settings
from napari_salient.widgets.label_volumes.set_up_page import SetUpPage
from napari_salient.widgets.label_volumes.workbench import Workbench
from napari_salient.widgets.notice import NoticeLine, ResearchFooter, sentence_of
from napari_salient.widgets.open_labelling import labelling_in
from napari_salient.widgets.run_controls import RunControls
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from qtpy.QtGui import QShowEvent

    from napari_salient.active_learning.settings import LoopSettings
    from napari_salient.engine.events import Event, Finished

WIDTH = 390


class LabelVolumes(QWidget):
    """Label a pool of volumes slice by slice while a model learns and proposes the next ones.

    Parameters
    ----------
    napari_viewer
        The viewer that shows the volumes.
    """

    opened = Signal()
    """A project is open and its first slice is on the way."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.bench: Workbench | None = None
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
        self.set_up.open_requested.connect(self.open_project)
        self.set_up.create_requested.connect(self.create_project)
        on_closed(self, self.close_project)

    def sizeHint(self) -> QSize:
        """Return the width that the pages are made for."""
        return QSize(WIDTH, 800)

    def showEvent(self, event: QShowEvent) -> None:
        """Let somebody without a mouse begin at once."""
        super().showEvent(event)
        if self.bench is None:
            self.set_up.setFocus()

    def suggest(self, paths: Sequence[Path]) -> None:
        """Fill volumes into the set-up page."""
        self.set_up.suggest(paths)

    def open_project(self, folder: Path, settings: LoopSettings | None = None) -> None:
        """Open a project in place of the one that is open."""
        self.close_project()
        self.notice.forget()
        start_job(
            lambda: _open_session(folder, settings),
            Control(),
            on_finished=self._project_opened,
            name="Opening a project",
            owner=self,
        )

    def create_project(self, wanted: NewProject) -> None:
        """Make a project and open it."""
        self.follow_set_up(lambda control: new_project_job(wanted, control), self.open_project)

    def follow_set_up(
        self,
        job: Callable[[Control], Iterator[Event]],
        then: Callable[[Any], object],
    ) -> None:
        """Run a job that prepares a project; its result goes to `then`."""
        control = Control()
        self.notice.forget()
        self.progress.show()
        self.progress.follow(control, "Preparing")
        self.set_up.setEnabled(False)
        start_job(
            lambda: job(control),
            control,
            self._set_up_event,
            lambda finished: self._set_up_ended(finished, then),
            name="Preparing a project",
            owner=self,
        )

    def close_project(self) -> None:
        """Save everything and go back to the set-up page; does nothing without a project."""
        bench, self.bench = self.bench, None
        if bench is not None:
            labelling_in(self.viewer).set_bench(None)
            bench.close_project()
            self._stack.removeWidget(bench)
            bench.deleteLater()

    def _set_up_event(self, event: Event) -> None:
        self.progress.show_event(event)
        if isinstance(event, Warned):
            self.notice.tell(event.message, "warning")

    def _set_up_ended(self, finished: Finished, then: Callable[[Any], object]) -> None:
        self.progress.show_event(finished)
        self.progress.hide()
        self.set_up.setEnabled(True)
        if finished.reason is FinishReason.COMPLETED:
            then(finished.result)
        else:
            self._tell_end(finished)

    def _project_opened(self, finished: Finished) -> None:
        if finished.reason is not FinishReason.COMPLETED:
            self._tell_end(finished)
            return
        session: LabellingSession = finished.result
        self.bench = Workbench(self.viewer, session, self.notice, self)
        self._stack.addWidget(self.bench)
        self._stack.setCurrentWidget(self.bench)
        focused = self.window().focusWidget()
        if focused is not None:
            focused.clearFocus()
        self.bench.begin()
        labelling = labelling_in(self.viewer)
        self.bench.changed.connect(labelling.changed)
        labelling.set_bench(self.bench)
        self.opened.emit()

    def _tell_end(self, finished: Finished) -> None:
        error = finished.error or SalientError(finished.message)
        self.set_up.show_problem(sentence_of(error))
        self.notice.tell_error(error)


def _open_session(folder: Path, settings: LoopSettings | None) -> LabellingSession:
    project = Project.open(folder)
    try:
        if settings is None:
            settings = fitting(remembered_settings(project.runs_dir), project)
        return LabellingSession(project, settings)
    except BaseException:
        project.close()
        raise
