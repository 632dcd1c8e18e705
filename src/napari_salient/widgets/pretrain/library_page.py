"""The page with the pretrained encoders that there are, and what can be done with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_salient.engine.control import Control
from napari_salient.engine.events import Event, Finished, FinishReason
from napari_salient.finetuning.coverage import spec_of_project
from napari_salient.widgets.open_labelling import labelling_in
from napari_salient.widgets.pretrain.coverage_view import CoverageView
from napari_salient.widgets.pretrain.library_table import LibraryTable
from napari_salient.widgets.pretrain.library_words import details_text
from napari_salient.widgets.run_controls import RunControls
from napari_salient.widgets.scrolled import fill_scrolled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qtpy.QtGui import QShowEvent

    from napari_salient.pretraining.library import LibraryEntry
    from napari_salient.widgets.label_volumes.workbench import Workbench

NO_PROJECT = "Open a labelling project in Label Volumes, in this window, to use an encoder there."
NO_RUNS = "There is no pretraining yet."
NOTHING_SELECTED = "Select a pretraining to use its encoder."
NO_ENCODER = "This run has saved no encoder that can be used."
CHOSEN = "The first round of the open project starts from this encoder."
LOOKING = "An encoder looks at the pool."
NOT_INTERRUPTED = "Only a run that was stopped or cut off can be resumed."
NOT_RUNNING = "Only a run that goes on can be followed."


TABLE_HEIGHT = 150


class LibraryPage(QWidget):
    """The pretraining runs of some folders, and the encoder that one of them made.

    Parameters
    ----------
    napari_viewer
        Its panel "Label Volumes" has the project that an encoder is used for.
    """

    resume_requested = Signal(object)
    """The folder of a run to go on with."""
    follow_requested = Signal(object)
    """The folder of a run that some process works on."""
    selected = Signal(object)
    """The folder of the run that is selected; `None` if none is."""
    told = Signal(str, str)
    """A sentence for the user, and its severity."""

    def __init__(self, napari_viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table, self.coverage = LibraryTable(), CoverageView()
        self.details, self.problem, self.reason = QLabel(), QLabel(), QLabel()
        self.initialise = QPushButton("Initialise the segmentation model")
        self.propose = QPushButton("Propose first slices")
        self.compare, self.worth = QPushButton("Compare with scratch"), QLabel()
        self.resume, self.follow = QPushButton("Resume"), QPushButton("Follow")
        self.progress = RunControls()
        self._labelling = labelling_in(napari_viewer)
        self._bench: Workbench | None = None
        self._selected: Path | None = None
        self._lay_out()
        self._connect()
        self._look_again()

    def show_runs(self, folders: Sequence[Path]) -> None:
        """Show the pretraining runs in some folders of runs, the newest first.

        They are read in a worker thread; the selected one stays selected.
        """
        self.table.show_runs(folders)

    @property
    def entry(self) -> LibraryEntry | None:
        """The run that is selected."""
        return self.table.entry

    def showEvent(self, event: QShowEvent) -> None:
        """Look again whenever the page is opened."""
        super().showEvent(event)
        self.table.refresh()
        self._look_again()

    def _look_again(self) -> None:
        """Show what is selected, and compare it with what is open."""
        entry, bench = self.entry, self._labelling.bench
        self.details.setText(details_text(entry) if entry else "")
        self.problem.setText(entry.problem if entry else "")
        self.problem.setVisible(bool(self.problem.text()))
        if (run_dir := entry.run_dir if entry else None) != self._selected:
            self._selected = run_dir
            self.selected.emit(run_dir)
        self._act_on(bench)
        pair = None
        if entry is not None and entry.checkpoint is not None and bench is not None:
            session = bench.session
            spec = spec_of_project(session.project, session.settings.segmentation)
            pair = entry.checkpoint, spec
            self.worth.setText(bench.encoder_trial.outcome(entry.checkpoint))
        self.worth.setVisible(pair is not None and bool(self.worth.text()))
        self.coverage.compare(pair)
        self._allow()

    def _act_on(self, bench: Workbench | None) -> None:
        """Act on the project that is open from now on, and on what goes on there."""
        if bench is not self._bench:
            self._bench = bench
            self.progress.hide()
            for part in (bench.head_start, bench.encoder_trial) if bench else ():
                part.event.connect(self._show_event)
                if part.control is not None:
                    self._begin(part.control, "Going on")

    def _show_event(self, event: Event) -> None:
        self.progress.show_event(event)
        if isinstance(event, Finished) and event.reason is not FinishReason.ERRORED:
            self.progress.hide()

    def _allow(self) -> None:
        """Enable what can be done; of what cannot, say why in the tooltip, and in a line."""
        state, bench = self.entry.state if self.entry else "", self._bench
        source = bench.head_start.source if bench else None
        chosen = source is not None and source == self._selected
        looking = LOOKING if bench is not None and bench.head_start.looking else ""
        comparing = bench.encoder_trial.why_not if bench else ""
        why_not = self._why_not()
        starts = why_not or (bench.head_start.why_not if bench else "")
        initialises = starts or self.coverage.why_not or (CHOSEN if chosen else "")
        proposes = starts or looking or comparing
        _allow(self.initialise, initialises)
        _allow(self.propose, proposes)
        _allow(self.compare, why_not or self.coverage.why_not or looking or comparing)
        self.reason.setText(initialises or proposes)
        self.reason.setVisible(bool(self.reason.text()))
        _allow(self.resume, "" if state in ("cancelled", "failed") else NOT_INTERRUPTED)
        _allow(self.follow, "" if state in ("running", "paused") else NOT_RUNNING)

    def _why_not(self) -> str:
        """Return why there is no encoder, or nothing to use it for."""
        if self.entry is None:
            return NOTHING_SELECTED if self.table.entries else NO_RUNS
        if self.entry.checkpoint is None:
            return NO_ENCODER
        return "" if self._bench else NO_PROJECT

    def _initialise(self, _checked: bool = False) -> None:
        if self.entry is not None and self._bench is not None:
            self._bench.head_start.start_from(self.entry.run_dir, str(self.coverage.fit))

    def _propose(self, _checked: bool = False) -> None:
        if self.entry is not None and self._bench is not None:
            control = Control()
            self._begin(control, "Loading the encoder")
            self._bench.head_start.propose(self.entry.run_dir, control)

    def _compare(self, _checked: bool = False) -> None:
        if self.entry is not None and self.entry.checkpoint is not None and self._bench is not None:
            control = Control()
            if self._bench.encoder_trial.start(self.entry.checkpoint, control):
                self._begin(control, "Reading volumes")

    def _begin(self, control: Control, text: str) -> None:
        """Show the controls of a job that begins."""
        self.progress.show()
        self.progress.follow(control, text)

    def _connect(self) -> None:
        self.table.entry_changed.connect(self._look_again)
        self.table.told.connect(self.told)
        self.coverage.changed.connect(self._allow)
        self._labelling.changed.connect(self._look_again)
        self.initialise.clicked.connect(self._initialise)
        self.propose.clicked.connect(self._propose)
        self.compare.clicked.connect(self._compare)
        for button, signal in (
            (self.resume, self.resume_requested),
            (self.follow, self.follow_requested),
        ):
            button.clicked.connect(lambda _checked=False, s=signal: s.emit(self._selected))

    def _lay_out(self) -> None:
        self.progress.start.hide()
        self.progress.hide()
        self.problem.setStyleSheet("color: #ff9a8a;")
        self.reason.setStyleSheet("color: #ffcf66;")
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for label in (self.details, self.problem, self.reason, self.worth):
            label.setWordWrap(True)
        runs = QHBoxLayout()
        runs.addWidget(self.resume)
        runs.addWidget(self.follow)
        self.table.setMinimumHeight(TABLE_HEIGHT)
        self.coverage.table.setMinimumHeight(TABLE_HEIGHT)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(4, 6, 4, 2)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.details)
        layout.addWidget(self.problem)
        layout.addLayout(runs)
        for part in (self.initialise, self.propose, self.reason, self.compare, self.worth):
            layout.addWidget(part)
        layout.addWidget(self.progress)
        layout.addWidget(self.coverage, 1)
        fill_scrolled(self, inside)


def _allow(button: QPushButton, why_not: str) -> None:
    button.setEnabled(not why_not)
    button.setToolTip(why_not)
