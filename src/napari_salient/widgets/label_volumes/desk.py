"""The annotator's desk: the open slice in the viewer, and what each key does to it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_salient.data.planes import slice_of
from napari_salient.errors import InputError, SalientError
from napari_salient.widgets.label_volumes import jump
from napari_salient.widgets.label_volumes.case_layers import CaseLayers
from napari_salient.widgets.label_volumes.case_loader import CaseLoader
from napari_salient.widgets.label_volumes.recorder import StrokeRecorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.pool import Proposal
    from napari_salient.active_learning.session import LabellingSession

    Place = tuple[int, int]

SETTLE_MS = 150
"""A slice that is scrolled to becomes the current one when the slider rests this long."""
READ_AHEAD = 2


class Desk(QObject):
    """Stands between the session and the viewer, both of which know nothing of each other."""

    moved = Signal()
    """Another slice or another case is before the annotator."""
    case_shown = Signal()
    """The layers show another case."""
    changed = Signal()
    """A label, a state or the queue changed."""
    opening = Signal(str)
    """The case of this name is being read."""
    told = Signal(str, str)
    """A sentence for the annotator, and its severity."""

    def __init__(self, viewer: Any, session: LabellingSession, owner: QWidget) -> None:
        super().__init__(owner)
        self.viewer, self.session = viewer, session
        self.layers = CaseLayers(viewer)
        self.recorder = StrokeRecorder(viewer, session, self)
        self.whole_slice = False
        self._loader = CaseLoader(session, owner)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(SETTLE_MS)
        self._rest.timeout.connect(self.settle)
        viewer.dims.events.current_step.connect(self._slid)
        viewer.layers.events.removed.connect(self._layer_removed)
        self.recorder.recorded.connect(self.changed)

    @property
    def here(self) -> Place | None:
        """Case and slice that are open."""
        case, index = self.session.case, self.session.index
        return None if case is None or index is None else (case.case.id, index)

    @property
    def busy(self) -> bool:
        """Whether the next case is being read; decisions wait until it is there."""
        return self._loader.busy

    def begin(self) -> None:
        """Open the first slice that waits, proposing some if none does."""
        self._refill()
        self._go_on(self._neighbour(1))

    def close(self) -> None:
        """Record what is left and leave the viewer as it was found."""
        self._rest.stop()
        self._loader.forget()
        self.recorder.record()
        self.recorder.follow(None)
        self.viewer.dims.events.current_step.disconnect(self._slid)
        self.viewer.layers.events.removed.disconnect(self._layer_removed)
        self.layers.remove()

    def go_to(self, case_id: int, index: int) -> None:
        """Open a slice; if its case has to be read, the old one stays until it is there."""
        case = self.session.case
        if case is not None and case.case.id == case_id:
            self._loader.forget()
            self._arrive(case_id, index)
            return
        self.opening.emit(self.session.project.catalogue.case(case_id).name)
        self._loader.want(
            case_id,
            lambda: self._arrive(case_id, index),
            lambda error: self._leave_out(case_id, error),
        )

    def step(self, by: int) -> None:
        """Open the next proposal (1) or the one before (-1)."""
        self.settle()
        self._refill()
        self._go_on(self._neighbour(by))

    def decide(self, decision: Callable[[LabellingSession], object]) -> None:
        """Take a decision about the current slice and open the next proposal."""
        if self.busy or self.here is None:
            return
        self.settle()
        following = self._neighbour(1)
        if self._do(decision):
            self._refill()
            waits = {(p.case_id, p.index) for p in self.session.queue}
            place = following and (following.case_id, following.index)
            self._go_on(following if place in waits else self._neighbour(1))

    def edit(self, change: Callable[[LabellingSession], object]) -> None:
        """Change the current slice and stay on it; undo may lead to another slice or case."""
        if not self.busy and self.here is not None:
            self.settle()
            self._do(change)

    def settle(self) -> None:
        """Make the slice that the viewer shows the current one."""
        self._rest.stop()
        case, layer = self.session.case, self.layers.labels
        if case is None or layer is None or self.busy:
            return
        index = jump.shown_index(self.viewer, layer, self.session.plane)
        if index is None or index == self.session.index:
            return
        with self._telling():
            self.session.open(case.case.id, index)
            self.layers.refresh()
            self.moved.emit()

    def select_class(self, value: int) -> None:
        """Paint with a label class from now on."""
        layer = self.layers.labels
        if layer is not None:
            layer.selected_label = value
            if layer.mode not in ("paint", "fill", "polygon"):
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
        self._frame()

    def follow_session(self) -> None:
        """Show what the session has after a round was adopted or rolled back."""
        self.layers.refresh()
        self._name_map()
        self.changed.emit()
        self.moved.emit()
        if self.here is None:
            self.begin()

    def _do(self, action: Callable[[LabellingSession], object]) -> bool:
        before = self.here
        with self._telling():
            action(self.session)
            if self.here == before:
                self.layers.refresh()
            else:
                self._show()
            self.changed.emit()
            return True
        return False

    def _arrive(self, case_id: int, index: int) -> None:
        with self._telling():
            self.session.open(case_id, index)
            self._show()
            self.changed.emit()
            self._loader.read_ahead(self.session.upcoming(READ_AHEAD))

    def _show(self) -> None:
        """Bring the session's case and slice into the viewer."""
        case, index = self.session.case, self.session.index
        assert case is not None
        layer = self.layers.labels
        if layer is None or layer.data is not case.labels:
            self.recorder.follow(None)
            layer = self.layers.show(case, self.session.project.schema)
            self._name_map()
            self.recorder.follow(layer)
            self.case_shown.emit()
        if index is not None:
            jump.show_slice(self.viewer, layer, self.session.plane, index)
        self._rest.stop()
        layer.refresh()
        self._frame()
        self.moved.emit()

    def _name_map(self) -> None:
        used = self.session.active_round
        self.layers.refresh_map(f"(entropy, round {used.number})" if used else "")

    def _frame(self) -> None:
        case, index, layer = self.session.case, self.session.index, self.layers.labels
        if case is None or index is None or layer is None:
            return
        plane = self.session.plane
        drawn = slice_of(case.labels, plane, index)
        pixels = drawn if drawn.any() else case.predicted_slice(plane, index)
        jump.frame_slice(self.viewer, layer, plane, None if self.whole_slice else pixels)

    def _go_on(self, proposal: Proposal | None) -> None:
        if proposal is not None:
            self.go_to(proposal.case_id, proposal.index)
        else:
            self.told.emit("Every slice of the pool is labelled or set aside.", "info")
            self.changed.emit()

    def _neighbour(self, by: int) -> Proposal | None:
        waiting = self.session.queue
        places = [(proposal.case_id, proposal.index) for proposal in waiting]
        if not places:
            return None
        if self.here in places:
            return waiting[(places.index(self.here) + by) % len(places)]
        return waiting[0 if by > 0 else -1]

    def _refill(self) -> None:
        """Keep slices waiting, so that nobody has to wait for the model."""
        if not self.session.queue:
            with self._telling():
                self.session.propose()

    def _leave_out(self, case_id: int, error: BaseException) -> None:
        if isinstance(error, InputError):
            with self._telling():
                self.session.leave_out(case_id, str(error))
                self.told.emit(f"{error} Its volume is set aside.", "warning")
                self.changed.emit()
                self._refill()
                self._go_on(self._neighbour(1))
        else:
            self.told.emit(str(error), "error")

    def _slid(self, _event: Any = None) -> None:
        if self.session.case is not None and not self.busy:
            self._rest.start()

    def _layer_removed(self, event: Any) -> None:
        """Bring the layers back when somebody deletes one: without it nothing would be saved."""
        if event.value in self.layers.all:
            QTimer.singleShot(0, self._restore)

    def _restore(self) -> None:
        if self.session.case is not None and not self.layers.complete:
            self.recorder.record()
            self.layers.remove()
            self._show()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except SalientError as error:
            self.told.emit(str(error), "error")
