"""Everything about one open project; made when it opens, thrown away when it closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_salient.caries.guidance import save_regions_job
from napari_salient.engine.control import Control
from napari_salient.widgets import heap
from napari_salient.widgets.inspect_caries import key_bindings
from napari_salient.widgets.inspect_caries.desk import ReadingDesk
from napari_salient.widgets.inspect_caries.reading_page import ReadingPage
from napari_salient.widgets.keyboard import Keyboard
from napari_salient.widgets.keys import Key
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.worker import end_jobs, start_job

if TYPE_CHECKING:
    from napari_salient.caries.session import ReadingSession
    from napari_salient.engine.events import Finished
    from napari_salient.engine.writing import Written
    from napari_salient.errors import SalientError
    from napari_salient.widgets.notice import NoticeLine

GUIDANCE = "regions"


class Bench(QWidget):
    """The reading page, the list of keys, and what belongs to the whole project."""

    leave_requested = Signal()
    """The reader wants to open something else."""

    def __init__(
        self, viewer: Any, session: ReadingSession, notice: NoticeLine, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.session, self.notice = session, notice
        self._layers = viewer.layers
        self._layers.events.removed.connect(heap.take_back)
        self.desk = ReadingDesk(viewer, session, self)
        self.page = ReadingPage(self.desk)
        self.keyboard = Keyboard(viewer, key_bindings.GROUPS)
        self.save, self.keys, self.leave = (
            _button(text) for text in ("Save regions", "Keys  F1", "Open other …")
        )
        self.save.setToolTip("Write the regions as GeoJSON, for the training of the next model")
        self._lay_out()
        self._connect()
        self.keyboard.bind(
            [
                *key_bindings.reading_keys(self.desk, self.page),
                *key_bindings.brush_keys(self.desk),
                Key("Shift-S", "Save the regions", self.save_regions, key_bindings.PANEL),
                Key("F1", "This list", self.toggle_keys, key_bindings.PANEL),
            ]
        )

    def begin(self) -> None:
        """Open the first radiograph."""
        self.desk.begin()
        heap.set_aside()

    def close_project(self) -> None:
        """Give keys and layers back, and close the project."""
        self.keyboard.unbind()
        self.desk.close()
        end_jobs(self)
        self.session.project.close()
        self._layers.events.removed.disconnect(heap.take_back)
        heap.take_back()

    def toggle_keys(self) -> None:
        """Show the list of keys in place of the page, or the page again."""
        self.page.setVisible(self.keyboard.isVisible())
        self.keyboard.setVisible(not self.keyboard.isVisible())

    def save_regions(self) -> None:
        """Write the regions of all radiographs into the project's exports."""
        if not self.desk.recorder.record():
            return
        project, examiner = self.session.project, self.session.examiner
        control, folder = Control(), project.exports_dir / GUIDANCE
        digest = examiner.digest if examiner else None
        self.save.setEnabled(False)
        start_job(
            lambda: save_regions_job(project, folder, digest, control),
            control,
            on_finished=self._saved,
            name="Saving regions",
            owner=self,
        )

    def tell(self, text: str, severity: str) -> None:
        """Show a sentence; only what needs attention pops up as well."""
        self.notice.tell(text, severity, popup=severity != "info")  # type: ignore[arg-type]

    def _saved(self, finished: Finished) -> None:
        self.save.setEnabled(True)
        if finished.error is not None:
            self.tell(sentence_of(finished.error), "error")
            return
        written: Written = finished.result
        folder = self.session.project.exports_dir / GUIDANCE
        for sentence in written.left_out.values():
            self.tell(sentence, "warning")
        if not written.left_out:
            of = "1 radiograph" if len(written.files) == 1 else f"{len(written.files)} radiographs"
            self.tell(f"The regions of {of} are saved in {folder}.", "info")

    def _connect(self) -> None:
        self.desk.told.connect(self.tell)
        self.desk.shown.connect(lambda: self.keyboard.follow(self.desk.layers.labels))
        self.desk.recorder.failed.connect(self._not_recorded)
        self.save.clicked.connect(lambda _checked=False: self.save_regions())
        self.keys.clicked.connect(lambda _checked=False: self.toggle_keys())
        self.leave.clicked.connect(lambda _checked=False: self.leave_requested.emit())

    def _not_recorded(self, error: SalientError) -> None:
        self.tell(str(error), "error")

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        for button in (self.save, self.keys, self.leave):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.page, 1)
        layout.addWidget(self.keyboard, 1)
        layout.addLayout(row)


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
