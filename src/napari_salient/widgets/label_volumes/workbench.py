"""The pages of an open project, with the run controls below them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QPushButton, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from napari_salient.engine.events import Evaluated, Started
from napari_salient.widgets import heap
from napari_salient.widgets.keyboard import Keyboard
from napari_salient.widgets.keys import Key
from napari_salient.widgets.label_volumes import key_bindings
from napari_salient.widgets.label_volumes.classes_page import ClassesPage
from napari_salient.widgets.label_volumes.compaction import Compaction
from napari_salient.widgets.label_volumes.desk import Desk
from napari_salient.widgets.label_volumes.encoder_trial import EncoderTrial
from napari_salient.widgets.label_volumes.export_page import ExportPage
from napari_salient.widgets.label_volumes.head_start import HeadStart
from napari_salient.widgets.label_volumes.label_page import LabelPage
from napari_salient.widgets.label_volumes.model_page import ModelPage
from napari_salient.widgets.label_volumes.prompt_keys import prompt_keys
from napari_salient.widgets.label_volumes.trainer import Trainer
from napari_salient.widgets.run_controls import RunControls
from napari_salient.widgets.worker import end_jobs

if TYPE_CHECKING:
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.engine.events import Event
    from napari_salient.engine.run import Run
    from napari_salient.widgets.notice import NoticeLine

MEAN = "dice"
STARTING = "Loading the network, the first time takes some seconds"


class Workbench(QWidget):
    """Everything about one open project; made when it opens, thrown away when it closes."""

    changed = Signal()
    """What other panels go by: the settings, what the first round starts from, whether one runs."""

    def __init__(
        self, viewer: Any, session: LabellingSession, notice: NoticeLine, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.session, self.notice = session, notice
        self._layers = viewer.layers
        self._layers.events.removed.connect(heap.take_back)
        self.desk = Desk(viewer, session, self)
        self.trainer = Trainer(session, self)
        self.head_start = HeadStart(session, self.trainer, self)
        self.encoder_trial = EncoderTrial(session, self.trainer, self)
        self.compaction = Compaction(session, self)
        decisions = key_bindings.decision_keys(self.desk)
        self.label_page = LabelPage(self.desk, decisions, key_bindings.BUTTONS)
        self.model_page = ModelPage(session)
        self.classes_page = ClassesPage(session)
        self.export_page = ExportPage(session)
        self.controls = RunControls("Train")
        self.controls.loss.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.pages = QTabWidget()
        self.keyboard = Keyboard(viewer, key_bindings.GROUPS)
        self._lay_out()
        self._connect_desk()
        self._connect_training()
        self._connect_head_start()
        self._bind_keys()

    def begin(self) -> None:
        """Open the first slice that waits."""
        if not self.trainer.take_up():
            self.desk.begin()
        self.head_start.take_up()
        self._offer_resume()
        heap.set_aside()

    def close_project(self) -> None:
        """Give keys and layers back, and close the project; a running round saves first."""
        self.keyboard.unbind()
        self.trainer.close()
        self.label_page.prompts.close_tools()
        self.label_page.thumbnails.close()
        self.desk.close()
        self.compaction.close()
        end_jobs(self)
        self.session.project.close()
        self._layers.events.removed.disconnect(heap.take_back)
        heap.take_back()

    def train_or_pause(self) -> None:
        """Start a round; while one runs, pause it or let it go on."""
        if self.controls.running:
            self.controls.toggle_pause()
        else:
            self.trainer.start()

    def toggle_keys(self) -> None:
        """Show the list of keys in place of the pages, or the pages again."""
        self.pages.setVisible(self.keyboard.isVisible())
        self.keyboard.setVisible(not self.keyboard.isVisible())

    def tell(self, text: str, severity: str) -> None:
        """Show a sentence; only what needs attention pops up as well."""
        self.notice.tell(text, severity, popup=severity != "info")  # type: ignore[arg-type]

    def _connect_desk(self) -> None:
        parts = self.desk, self.trainer, self.head_start, self.encoder_trial, self.compaction
        for source in (*parts, self.classes_page, self.export_page):
            source.told.connect(self.tell)
        self.desk.view.recorder.failed.connect(lambda error: self.tell(str(error), "error"))
        self.desk.changed.connect(self.trainer.start_if_due)
        self.desk.changed.connect(self._refresh_rounds)
        self.desk.view.case_shown.connect(self._follow_layer)
        self.desk.view.case_shown.connect(self.compaction.follow)
        self.classes_page.changed.connect(self._schema_changed)

    def _follow_layer(self) -> None:
        self.keyboard.follow(self.desk.view.layers.labels)

    def _connect_training(self) -> None:
        self.trainer.started.connect(self._round_started)
        self.trainer.event.connect(self._show_event)
        self.trainer.ended.connect(self._offer_resume)
        self.trainer.adopted.connect(self._round_adopted)
        self.controls.start_requested.connect(self.trainer.start)
        self.model_page.roll_back_requested.connect(self.trainer.roll_back)
        self.model_page.resume_requested.connect(self.trainer.resume)
        stop = self.model_page.stop
        stop.finish_requested.connect(self._finish)
        stop.go_on_requested.connect(self.desk.go_on)
        stop.export_requested.connect(lambda: self.pages.setCurrentWidget(self.export_page))

    def _connect_head_start(self) -> None:
        start = self.model_page.start
        start.random_requested.connect(self.head_start.start_at_random)
        self.head_start.changed.connect(lambda: start.show_start(self.head_start.words))
        self.head_start.proposed.connect(self.desk.follow_queue)
        self.trainer.adopted.connect(self.head_start.refresh)
        for signal in (
            self.head_start.changed,
            self.encoder_trial.changed,
            self.model_page.settings_changed,
            self.trainer.started,
            self.trainer.ended,
        ):
            signal.connect(lambda *_: self.changed.emit())

    def _round_started(self, run: Run) -> None:
        self.model_page.resume.hide()
        self.controls.follow(run, STARTING)

    def _show_event(self, event: Event) -> None:
        """Show an event; of what was measured only the mean, the line is short."""
        if isinstance(event, Evaluated) and MEAN in event.metrics:
            event = dataclasses.replace(event, metrics={MEAN: event.metrics[MEAN]})
        if isinstance(event, Started):
            heap.set_aside()  # the libraries that were loaded for it are there to stay
        self.controls.show_event(event)

    def _round_adopted(self) -> None:
        self.label_page.show_round()
        self.desk.follow_session()
        self.model_page.show_rounds()

    def _finish(self) -> None:
        """Propose and train nothing more, and offer what comes after labelling."""
        self.desk.finish()
        if self.controls.running:
            self.controls.cancel_run()
        self.pages.setCurrentWidget(self.export_page)

    def _refresh_rounds(self) -> None:
        if self.model_page.isVisible():
            self.model_page.show_rounds()

    def _offer_resume(self) -> None:
        self.model_page.resume.setVisible(self.trainer.interrupted() is not None)

    def _schema_changed(self) -> None:
        self.label_page.show_schema()
        self._bind_keys()

    def _bind_keys(self) -> None:
        decisions = key_bindings.decision_keys(self.desk)
        classes = key_bindings.class_keys(self.session.project.schema, self.desk)
        prompts = prompt_keys(self.label_page.prompts)
        self.keyboard.bind([*decisions, *classes, *prompts, *self._page_keys()])

    def _page_keys(self) -> list[Key]:
        page, look, train = self.label_page, key_bindings.LOOK, key_bindings.TRAIN
        return [
            Key("C", "Contrast from the volume", page.contrast.automatic, look),
            Key("Shift-C", "Next CT window", page.contrast.next, look),
            Key("/", "Filter the queue; Escape shows all of it", page.filter.begin, look),
            Key("Shift-T", "Train; pause; go on", self.train_or_pause, train),
            Key(
                "Shift-X", "Stop training and keep what it learnt", self.controls.cancel_run, train
            ),
            Key("F1", "This list", self.toggle_keys, key_bindings.PAGES),
            *(self._page_key(number) for number in range(self.pages.count())),
        ]

    def _page_key(self, number: int) -> Key:
        text = f"Page “{self.pages.tabText(number)}”"
        key = f"F{number + 2}"
        return Key(key, text, lambda: self._open_page(number), key_bindings.PAGES)

    def _open_page(self, number: int) -> None:
        if self.keyboard.isVisible():
            self.toggle_keys()
        self.pages.setCurrentIndex(number)
        if number:
            self.pages.currentWidget().setFocus()
        elif self.focusWidget() is not None:
            self.focusWidget().clearFocus()

    def _lay_out(self) -> None:
        for page, name in (
            (self.label_page, "Label"),
            (self.model_page, "Model"),
            (self.classes_page, "Classes"),
            (self.export_page, "Export"),
        ):
            self.pages.addTab(page, name)
        self.pages.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        keys = QPushButton("Keys  F1")
        keys.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        keys.clicked.connect(lambda _checked=False: self.toggle_keys())
        self.pages.setCornerWidget(keys)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.keyboard, 1)
        layout.addWidget(self.controls)
