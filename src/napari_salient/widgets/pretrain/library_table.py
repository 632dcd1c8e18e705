"""The table of the pretraining runs that there are, with a note for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, Signal

from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason
from napari_salient.errors import SalientError
from napari_salient.pretraining.library import pretraining_runs, set_note, shipped_encoders
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.pretrain.library_words import COLUMNS, NOTE, row_of
from napari_salient.widgets.table import Table
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_salient.engine.events import Finished
    from napari_salient.pretraining.library import LibraryEntry


class LibraryTable(Table):
    """The runs of some folders, the newest first, and the encoders that ship.

    The note of a run is edited in place.
    """

    entry_changed = Signal()
    """Another run is selected, or none, or something about the selected one changed."""
    told = Signal(str, str)
    """A sentence for the user, and its severity."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(COLUMNS, parent, editable=NOTE)
        self.setAccessibleName("Pretraining runs")
        self.entries: list[LibraryEntry] = []
        self._folders: tuple[Path, ...] = ()
        self._wanted: Path | None = None
        self.row_chosen.connect(lambda _row: self.entry_changed.emit())
        self.edited.connect(self._note)

    @property
    def entry(self) -> LibraryEntry | None:
        """The run that is selected."""
        row = self.current_row()
        return None if row is None else self.entries[row]

    def show_runs(self, folders: Sequence[Path]) -> None:
        """Show the runs in some folders and what ships, read in a worker thread."""
        self._folders = tuple(folders)
        self.refresh()

    def choose_run(self, run_dir: Path) -> None:
        """Select a run, once the folders are read again if it is not shown yet."""
        self._wanted = run_dir
        self._select(self.entry.run_dir if self.entry else None)
        self.entry_changed.emit()
        self.refresh()

    def refresh(self) -> None:
        """Read the folders again; the selected run stays selected."""
        folders = self._folders
        start_job(
            lambda: (folders, [*pretraining_runs(folders), *shipped_encoders()]),
            Control(),
            on_finished=self._read,
            name="Reading the library of encoders",
            owner=self,
        )

    def _read(self, finished: Finished) -> None:
        if finished.reason is not FinishReason.COMPLETED:
            self.told.emit(sentence_of(finished.error or SalientError(finished.message)), "error")
            return
        folders, entries = finished.result
        if folders == self._folders and not self.editing and entries != self.entries:
            self._show(entries)

    def _show(self, entries: list[LibraryEntry]) -> None:
        before = self.entry.run_dir if self.entry else None
        self.entries = entries
        self.set_rows([row_of(entry) for entry in entries])
        self.setCurrentIndex(QModelIndex())
        self._select(before)
        self.entry_changed.emit()

    def _select(self, before: Path | None) -> None:
        """Select the run that is wanted if it is there by now, or else the one from before."""
        runs = [entry.run_dir for entry in self.entries]
        if self._wanted in runs:
            before, self._wanted = self._wanted, None
        if before in runs:
            self.choose(runs.index(before))

    def _note(self, row: int, text: str) -> None:
        try:
            set_note(self.entries[row].run_dir, text)
        except SalientError as error:
            self.told.emit(str(error), "error")
        self.refresh()
