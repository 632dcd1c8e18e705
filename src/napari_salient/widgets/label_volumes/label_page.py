"""The page where slices are labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from napari_salient.widgets.class_bar import ClassBar
from napari_salient.widgets.decision_buttons import DecisionButtons
from napari_salient.widgets.label_volumes.contrast import ContrastChooser
from napari_salient.widgets.label_volumes.pool_view import PoolView
from napari_salient.widgets.label_volumes.prompt_bar import PromptBar
from napari_salient.widgets.label_volumes.queue_filter import QueueFilter
from napari_salient.widgets.label_volumes.queue_table import QueueTable
from napari_salient.widgets.label_volumes.slice_card import SliceCard
from napari_salient.widgets.label_volumes.thumbnails import Thumbnails
from napari_salient.widgets.label_volumes.words import counts_text
from napari_salient.widgets.planes_view import PlanesView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_salient.active_learning.pool import Proposal
    from napari_salient.widgets.keys import Key
    from napari_salient.widgets.label_volumes.desk import Desk

PLANES_HEIGHT = 118


class LabelPage(QWidget):
    """The open slice, the decisions about it, and what comes next."""

    def __init__(
        self,
        desk: Desk,
        decisions: Sequence[Key],
        names: Sequence[Sequence[str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.desk = desk
        self.card, self.classes = SliceCard(), ClassBar()
        self.prompts = PromptBar(desk)
        self.decisions = DecisionButtons(decisions, names)
        self.planes = PlanesView()
        self.contrast = ContrastChooser(self._apply_contrast)
        self.filter, self.queue, self.map = QueueFilter(), QueueTable(), PoolView()
        self.thumbnails = Thumbnails(desk.session, lambda: desk.reading, self)
        self.queue.show_pictures(self.thumbnails)
        self.counts = QLabel()
        self.counts.setWordWrap(True)
        self.counts.setMinimumHeight(2 * self.counts.fontMetrics().lineSpacing())
        self._layer: Any = None
        self._lay_out()
        self._connect()
        self.classes.set_schema(desk.session.project.schema)
        self.map.show_pool(desk.session)
        self.show_work()

    def show_schema(self) -> None:
        """Show the classes of the project after they changed."""
        schema = self.desk.session.project.schema
        self.classes.set_schema(schema)
        self.desk.view.layers.set_schema(schema)
        self.desk.view.refresh()
        self.planes.set_colors({label.value: label.color for label in schema.classes})
        self._class_selected()

    def show_round(self) -> None:
        """Show the uncertainties of another round."""
        self.map.show_scores(self.desk.session)

    def show_work(self) -> None:
        """Show what is open, its state, the queue and the counts."""
        session = self.desk.session
        self.card.show_slice(session)
        self.card.show_saved()
        self.planes.refresh()
        self.queue.show_queue(session, self._admits)
        self.map.show_states(session)
        self.counts.setText(counts_text(session.progress(), self.map.volumes))

    def _admits(self, proposal: Proposal) -> bool:
        name = self.queue.name_of(self.desk.session, proposal.case_id)
        return self.filter.admits(name, proposal)

    def _show_case(self) -> None:
        """Let planes, contrast and class buttons follow the layers of another case."""
        case, layers = self.desk.session.case, self.desk.view.layers
        if case is None or layers.labels is None:
            return
        schema = self.desk.session.project.schema
        colors = {label.value: label.color for label in schema.classes}
        self.planes.set_case(case.image[0], case.labels, case.header.spacing, colors)
        self.planes.link(self.desk.view.viewer, layers.labels)
        if layers.labels is not self._layer:
            self._layer = layers.labels
            layers.images[0].events.contrast_limits.connect(self._contrast_changed)
            self._layer.events.selected_label.connect(self._class_selected)
            self._layer.events.labels_update.connect(self._painting)
        self._apply_contrast()
        self._class_selected()

    def _apply_contrast(self) -> None:
        self.contrast.apply(self.desk.view.layers.images)
        self._contrast_changed()

    def _contrast_changed(self, _event: Any = None) -> None:
        images = self.desk.view.layers.images
        if images:
            low, high = images[0].contrast_limits
            self.planes.set_limits((low, high))

    def _painting(self, _event: Any = None) -> None:
        self.planes.refresh()

    def _class_selected(self, _event: Any = None) -> None:
        layer = self.desk.view.layers.labels
        if layer is not None:
            self.classes.set_selected(layer.selected_label)
            self.prompts.show_class()

    def _connect(self) -> None:
        desk = self.desk
        desk.admits = self._admits
        self.filter.changed.connect(lambda: self.queue.show_queue(desk.session, self._admits))
        desk.changed.connect(self.show_work)
        desk.opening.connect(self.card.show_opening)
        desk.view.case_shown.connect(self._show_case)
        desk.view.recorder.unsaved.connect(self.card.show_unsaved)
        desk.view.recorder.saved.connect(self.card.show_saved)
        desk.view.recorder.failed.connect(lambda _error: self.card.show_failed())
        self.classes.chosen.connect(desk.view.select_class)
        self.queue.proposal_chosen.connect(desk.go_to)
        self.map.slice_chosen.connect(desk.go_to)

    def _lay_out(self) -> None:
        self.planes.setMaximumHeight(PLANES_HEIGHT)
        below = QSplitter(Qt.Orientation.Vertical)
        below.addWidget(self.queue)
        below.addWidget(self.map)
        below.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 6, 4, 2)
        layout.setSpacing(4)
        for part in (self.card, self.classes, self.prompts, self.decisions):
            layout.addWidget(part)
        row = QHBoxLayout()
        row.addWidget(self.contrast)
        row.addWidget(self.filter, 1)
        layout.addWidget(self.planes)
        layout.addLayout(row)
        layout.addWidget(below, 1)
        layout.addWidget(self.counts)
