"""The panel itself: its pages, with the run controls below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from napari_salient.engine.events import FinishReason
from napari_salient.engine.run import SETTINGS
from napari_salient.errors import InputError
from napari_salient.widgets.closing import on_closed
from napari_salient.widgets.notice import NoticeLine, ResearchFooter
from napari_salient.widgets.open_labelling import labelling_in
from napari_salient.widgets.pretrain.feature_page import FeaturePage
from napari_salient.widgets.pretrain.library_page import LibraryPage
from napari_salient.widgets.pretrain.preview_page import PreviewPage
from napari_salient.widgets.pretrain.run_page import RunPage
from napari_salient.widgets.pretrain.trainer import settings_of
from napari_salient.widgets.run_controls import RunControls

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.engine.events import Finished
    from napari_salient.pretraining.settings import PoolTraining

WIDTH = 390


class Pretrain(QWidget):
    """Teach an encoder on volumes that nobody has labelled, and start labelling from it.

    Parameters
    ----------
    napari_viewer
        The viewer that shows training examples and features.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.notice = NoticeLine()
        self.controls = RunControls("Pretrain")
        self.controls.loss.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.run_page = RunPage(napari_viewer, self.controls)
        self.preview_page = PreviewPage(napari_viewer)
        self.feature_page = FeaturePage(napari_viewer)
        self.library_page = LibraryPage(napari_viewer)
        self.pages = QTabWidget()
        self._previewed: PoolTraining | None = None
        self._lay_out()
        self._connect()
        self._show_library()

    def sizeHint(self) -> QSize:
        """Return the width that the pages are made for."""
        return QSize(WIDTH, 800)

    def tell(self, text: str, severity: str) -> None:
        """Show a sentence; only what needs attention pops up as well."""
        self.notice.tell(text, severity, popup=severity != "info")  # type: ignore[arg-type]

    def _page_opened(self, _index: int) -> None:
        if self.pages.currentWidget() is self.preview_page:
            self._preview()

    def _preview(self) -> None:
        """Show the examples of the form's settings, unless they are shown already."""
        try:
            training = self.run_page.set_up.training()
        except InputError as error:
            self.tell(str(error), "info")
            return
        if training != self._previewed and training.pool is not None:
            self._previewed = training
            self.preview_page.show_pool(training.pool, training.held_out_every, training)

    def _show_library(self) -> None:
        bench = labelling_in(self.viewer).bench
        page, run_dir = self.run_page, self.run_page.trainer.run_dir
        folders = [
            page.runs_dir,
            run_dir.parent if run_dir else None,
            bench.session.project.runs_dir if bench else None,
        ]
        self.library_page.show_runs(list(dict.fromkeys(folder for folder in folders if folder)))

    def _show_run_in_library(self) -> None:
        run_dir = self.run_page.trainer.run_dir
        if run_dir is not None:
            self.library_page.table.choose_run(run_dir)
        self.pages.setCurrentWidget(self.library_page)

    def _show_features_of_run(self) -> None:
        self._use_features_of(self.run_page.trainer.run_dir)
        self.pages.setCurrentWidget(self.feature_page)

    def _run_ended(self, finished: Finished) -> None:
        """Offer a map of its features; what was said while it went on holds no longer."""
        if finished.reason is not FinishReason.ERRORED:
            self.notice.forget()
        self._use_features_of(self.run_page.trainer.run_dir)

    def _use_features_of(self, run_dir: Path | None) -> None:
        """Let the map of features be of a run's pool, or for one that ships of the form's pool."""
        if run_dir is None:
            return
        of_run = (run_dir / SETTINGS).is_file()
        try:
            training = settings_of(run_dir) if of_run else self.run_page.set_up.training()
        except InputError as error:
            self.feature_page.set_run(None, None, 0)
            self.tell(str(error), "warning" if of_run else "info")
        else:
            self.feature_page.set_run(run_dir, training.pool, training.held_out_every)

    def _resume(self, run_dir: Path) -> None:
        self.run_page.resume(run_dir)
        self.pages.setCurrentWidget(self.run_page)

    def _follow(self, run_dir: Path) -> None:
        self.run_page.trainer.follow(run_dir)
        self.pages.setCurrentWidget(self.run_page)

    def _connect(self) -> None:
        run, library = self.run_page, self.library_page
        self.pages.currentChanged.connect(self._page_opened)
        for page in (run, library):
            page.told.connect(self.tell)
        run.runs_changed.connect(self._show_library)
        run.set_up.preview_requested.connect(lambda: self.pages.setCurrentWidget(self.preview_page))
        run.view.initialise_requested.connect(self._show_run_in_library)
        run.view.features_requested.connect(self._show_features_of_run)
        run.trainer.ended.connect(self._run_ended)
        library.selected.connect(self._use_features_of)
        library.resume_requested.connect(self._resume)
        library.follow_requested.connect(self._follow)
        run.trainer.started.connect(lambda _fresh: self.notice.forget())
        labelling_in(self.viewer).changed.connect(self._show_library)
        on_closed(self, run.leave)

    def _lay_out(self) -> None:
        for page, name in (
            (self.run_page, "Run"),
            (self.preview_page, "Preview"),
            (self.feature_page, "Features"),
            (self.library_page, "Library"),
        ):
            self.pages.addTab(page, name)
        self.pages.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 2)
        layout.setSpacing(3)
        for part in (self.pages, self.controls, self.notice, ResearchFooter()):
            layout.addWidget(part, 1 if part is self.pages else 0)
