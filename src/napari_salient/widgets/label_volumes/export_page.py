"""The page from which labels leave the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason
from napari_salient.errors import SalientError
from napari_salient.widgets.label_volumes.folder_field import FolderField
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.engine.events import Finished
    from napari_salient.engine.writing import Written

WHAT = (
    "Writes the accepted slices of each volume as NIfTI on the grid of its image, with a JSON file "
    "that says how each label came about. All other slices get the value 255, not labelled."
)


class ExportPage(QWidget):
    """A folder, a button, and the list of what was written."""

    told = Signal(str, str)
    """A sentence for the annotator, and its severity."""

    def __init__(self, session: LabellingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.folder = FolderField("Folder for the export")
        self.folder.set_path(session.project.exports_dir)
        self.export = QPushButton("Export the accepted labels")
        self.export.clicked.connect(self.start)
        self.export.setAutoDefault(True)
        self.setFocusProxy(self.export)
        self.written = QListWidget()
        self.written.setAccessibleName("Files written")
        what = QLabel(WHAT)
        what.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 6, 4, 2)
        for part in (what, self.folder, self.export, QLabel("Written")):
            layout.addWidget(part)
        layout.addWidget(self.written, 1)

    def start(self, _checked: bool = False) -> None:
        """Write the files, in a worker thread."""
        folder = self.folder.path or self.session.project.exports_dir
        try:
            self.session.record_changes()
        except SalientError as error:
            self.told.emit(str(error), "error")
            return
        self.export.setEnabled(False)
        self.written.clear()
        control = Control()
        start_job(
            self.session.project.export_job(folder, control),
            control,
            on_finished=self._ended,
            name="Exporting labels",
            owner=self,
        )

    def _ended(self, finished: Finished) -> None:
        self.export.setEnabled(True)
        if finished.reason is not FinishReason.COMPLETED:
            error = finished.error or SalientError(finished.message)
            self.told.emit(sentence_of(error), "error")
            return
        written: Written = finished.result
        self.written.addItems([str(path) for path in written.files])
        self.written.addItems([f"Left out: {why}" for why in written.left_out.values()])
        if written.left_out:
            self.told.emit(written.sentence, "warning")
        elif written.files:
            self.told.emit(written.sentence, "info")
        else:
            self.told.emit("There is no accepted slice yet, so nothing was written.", "info")
