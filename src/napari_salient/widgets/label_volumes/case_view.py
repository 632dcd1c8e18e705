"""The viewer's side of the desk: the open case on the screen, and how one looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_salient.data.planes import slice_of
from napari_salient.widgets import jump
from napari_salient.widgets.label_volumes.case_layers import CaseLayers
from napari_salient.widgets.recorder import StrokeRecorder

if TYPE_CHECKING:
    from napari_salient.active_learning.session import LabellingSession

SETTLE_MS = 150
"""A slider that was not moved for this long rests."""
DRAWING = ("paint", "fill", "polygon")


class CaseView(QObject):
    """Shows what is open in a session, and has what is painted recorded."""

    case_shown = Signal()
    """The layers show another case, or are other ones."""
    rested = Signal()
    """The slider was moved and rests now."""

    def __init__(self, viewer: Any, session: LabellingSession, parent: QObject) -> None:
        super().__init__(parent)
        self.viewer, self.session = viewer, session
        self.layers = CaseLayers(viewer)
        self.recorder = StrokeRecorder(viewer, session, self)
        self.whole_slice = False
        self.pointing = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(SETTLE_MS)
        self._rest.timeout.connect(self.rested)
        viewer.dims.events.current_step.connect(self._slid)
        viewer.layers.events.removed.connect(self._layer_removed)

    @property
    def index(self) -> int | None:
        """The slice that the viewer shows, `None` if it shows none along the session's plane."""
        layer = self.layers.labels
        return layer and jump.shown_index(self.viewer, layer, self.session.plane)

    def show(self) -> None:
        """Bring the session's case and slice into the viewer."""
        case, index = self.session.case, self.session.index
        if case is None or index is None:
            return
        layer = self.layers.labels
        if layer is None or layer.data is not case.labels:
            self.recorder.follow(None)
            layer = self.layers.show(case, self.session.project.schema)
            self.refresh_map()
            self.recorder.follow(layer)
            self.case_shown.emit()
        was_there = self.index == index
        jump.show_slice(self.viewer, layer, self.session.plane, index)
        if was_there:
            layer.refresh()
        self.frame()
        self._rest.stop()

    def refresh(self) -> None:
        """Draw the labels again after they were changed in place."""
        if self.layers.labels is not None:
            self.layers.labels.refresh()

    def refresh_map(self) -> None:
        """Show what the model in use says about the open case."""
        used = self.session.active_round
        self.layers.refresh_map(f"(entropy, round {used.number})" if used else "")

    def frame(self) -> None:
        """Bring the object in the open slice, or all of the slice, into sight."""
        case, index, layer = self.session.case, self.session.index, self.layers.labels
        if case is None or index is None or layer is None:
            return
        plane = self.session.plane
        drawn = slice_of(case.labels, plane, index)
        pixels = drawn if drawn.any() else case.predicted_slice(plane, index)
        jump.frame_slice(self.viewer, layer, plane, None if self.whole_slice else pixels)

    def select_class(self, value: int) -> None:
        """Paint, or point with the prompt tool in hand, with a label class from now on."""
        layer = self.layers.labels
        if layer is not None:
            layer.selected_label = value
            if layer.mode not in DRAWING and not self.pointing:
                layer.mode = "paint"

    def toggle_labels(self) -> None:
        """Show or hide the labels."""
        layer = self.layers.labels
        if layer is not None:
            layer.visible = not layer.visible

    def toggle_outlines(self) -> None:
        """Draw the labels as outlines, or filled."""
        layer = self.layers.labels
        if layer is not None:
            layer.contour = 0 if layer.contour else 1

    def toggle_zoom(self) -> None:
        """Show the whole slice, or the object in it; stays so for the next slices."""
        self.whole_slice = not self.whole_slice
        self.frame()

    def close(self) -> None:
        """Record what is left and leave the viewer as it was found."""
        self._rest.stop()
        self.recorder.record()
        self.recorder.follow(None)
        self.viewer.dims.events.current_step.disconnect(self._slid)
        self.viewer.layers.events.removed.disconnect(self._layer_removed)
        self.layers.remove()

    def _slid(self, _event: Any = None) -> None:
        if self.session.case is not None:
            self._rest.start()

    def _layer_removed(self, event: Any) -> None:
        """Bring the layers back when somebody deletes one: without it nothing would be saved."""
        if event.value in self.layers.all:
            QTimer.singleShot(0, self._restore)

    def _restore(self) -> None:
        if self.layers.labels is not None and not self.layers.complete:
            self.recorder.record()
            self.layers.remove()
            self.show()
