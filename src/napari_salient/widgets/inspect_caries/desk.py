"""The reader's desk, between the session and the viewer, which know nothing of each other."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_salient.errors import InputError, SalientError
from napari_salient.widgets.case_loader import CaseLoader
from napari_salient.widgets.inspect_caries.candidate_marks import CandidateMarks
from napari_salient.widgets.inspect_caries.map_layers import MapLayers
from napari_salient.widgets.jump import frame_slice, show_slice
from napari_salient.widgets.label_volumes.case_layers import CaseLayers
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.recorder import StrokeRecorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.layers import Labels, Layer
    from qtpy.QtWidgets import QWidget

    from napari_salient.caries.candidates import Candidate
    from napari_salient.caries.evidence import Evidence
    from napari_salient.caries.session import ReadingSession

LAST, FIRST = "This is the last radiograph.", "This is the first radiograph."
CLOSER = 3.0
"""How much closer than the whole radiograph a candidate is looked at."""


class ReadingDesk(QObject):
    """What one key press or stroke of the reader does."""

    shown = Signal()
    """Another radiograph is open and on the screen."""
    changed = Signal()
    """What the reader painted or decided changed the score, the regions or their state."""
    opening = Signal(str)
    """The radiograph of this name is being read."""
    told = Signal(str, str)
    """A sentence for the reader, and its severity."""

    def __init__(self, viewer: Any, session: ReadingSession, owner: QWidget) -> None:
        super().__init__(owner)
        self.viewer, self.session = viewer, session
        self.layers, self.maps = CaseLayers(viewer), MapLayers(viewer)
        self.marks = CandidateMarks(viewer)
        self.recorder = StrokeRecorder(viewer, session, self)
        self.evidence: Evidence | None = None
        self.candidates: list[Candidate] = []
        self.chosen = 0
        self._whole = 1.0
        self._loader = CaseLoader(session, owner)
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._follow_brush)
        self._followed: Labels | None = None
        self.recorder.recorded.connect(lambda _row: self.refresh())
        viewer.layers.events.removed.connect(self._layer_removed)

    @property
    def busy(self) -> bool:
        """Whether a radiograph is being read; decisions wait until it is there."""
        return self._loader.busy

    @property
    def here(self) -> int | None:
        """The radiograph that is open."""
        return self.session.case.case.id if self.session.case else None

    @property
    def _shown(self) -> list[Layer]:
        """All layers that belong to the radiograph."""
        rings = [self.marks.layer] if self.marks.layer is not None else []
        return [*self.layers.all, *self.maps.layers.values(), *rings]

    @property
    def candidate(self) -> Candidate | None:
        """The candidate that keys act on."""
        return self.candidates[self.chosen] if self.chosen < len(self.candidates) else None

    def begin(self) -> None:
        """Open the first radiograph that nobody examined yet, or the first of all."""
        self.go_to(self.session.first_unexamined())

    def go_to(self, case_id: int) -> None:
        """Open a radiograph; the old one stays until it is read and examined."""
        self.opening.emit(self.session.project.catalogue.case(case_id).name)
        self._loader.want(
            case_id,
            lambda: self._arrive(case_id),
            lambda error: self._not_arrived(case_id, error),
        )

    def step(self, by: int) -> None:
        """Open the next radiograph (1) or the one before (-1)."""
        following = self.session.neighbour(by)
        if following is None:
            self.told.emit(LAST if by > 0 else FIRST, "info")
        else:
            self.go_to(following)

    def edit(self, change: Callable[[], object]) -> None:
        """Do something to the open radiograph and show what came of it."""
        if self.busy or self.session.case is None:
            return
        with self._telling():
            change()
        if self.layers.labels is not None:
            self.layers.labels.refresh()
        self.refresh()

    def accept(self) -> None:
        """Include the chosen candidate, and choose the next."""
        candidate, last = self.candidate, len(self.candidates) - 1
        if candidate is not None:
            self.edit(lambda: self.session.accept(candidate))
            self.choose(min(self.chosen + 1, last))

    def reject(self) -> None:
        """Exclude the chosen candidate; the next takes its place."""
        candidate = self.candidate
        if candidate is not None:
            self.edit(lambda: self.session.reject(candidate))
            self.choose(max(0, min(self.chosen, len(self.candidates) - 1)))

    def undo(self, *, redo: bool = False) -> None:
        """Take back what was done last to this radiograph, or the last undo."""
        self.edit(self.session.redo if redo else self.session.undo)

    def choose(self, number: int) -> None:
        """Choose a candidate and bring it into sight."""
        self.chosen = number
        candidate, layer = self.candidate, self.layers.labels
        if candidate is not None and layer is not None:
            camera = self.viewer.scene.camera
            y, x = candidate.centre
            row, column = layer.data_to_world((0, y - 0.5, x - 0.5))[-2:]
            camera.center = (camera.center[0], float(row), float(column))
            camera.zoom = max(camera.zoom, self._whole * CLOSER)
        self.changed.emit()

    def step_candidate(self, by: int) -> None:
        """Choose the next candidate (1) or the one before (-1), around."""
        if self.candidates:
            self.choose((self.chosen + by) % len(self.candidates))

    def explain(self, class_index: int) -> None:
        """Show score, candidates and maps of another class."""
        self.session.class_index = class_index
        if self.layers.images:
            self.maps.show(self.session, self.layers.images[0])
            self.chosen = 0
            self.refresh()

    def frame(self) -> None:
        """Bring all of the radiograph into sight."""
        if self.layers.labels is not None:
            frame_slice(self.viewer, self.layers.labels, self.session.plane, None)
            self._whole = float(self.viewer.scene.camera.zoom)

    def select_class(self, value: int) -> None:
        """Paint regions of another kind from now on."""
        layer = self.layers.labels
        if layer is not None:
            layer.selected_label = value
            layer.mode = "paint" if layer.mode not in ("fill", "polygon") else layer.mode

    def toggle_regions(self) -> None:
        """Show or hide the regions."""
        if self.layers.labels is not None:
            self.layers.labels.visible = not self.layers.labels.visible

    def refresh(self) -> None:
        """Work out score, candidates and maps as they are steered now, and show them."""
        self._follow_brush()
        if self.evidence is not None:
            self.marks.show(self.candidates, self.layers.images[0])

    def _follow_brush(self) -> None:
        """Show what can be shown while somebody paints: all but the rings."""
        self._turn.stop()
        self.evidence = self.session.evidence
        self.candidates = self.session.candidates(self.evidence) if self.evidence else []
        if self.evidence is not None:
            self.maps.refresh(self.session, self.evidence)
        self.changed.emit()

    def close(self) -> None:
        """Record what is left and leave the viewer as it was found."""
        self._loader.forget()
        self._turn.stop()
        self.recorder.record()
        self._follow(None)
        self.viewer.layers.events.removed.disconnect(self._layer_removed)
        self.marks.remove()
        self.maps.remove()
        self.layers.remove()

    def _arrive(self, case_id: int) -> None:
        with self._telling():
            self.session.open(case_id)
            self._show()
            following = self.session.neighbour(1)
            self._loader.read_ahead([] if following is None else [following])

    def _show(self) -> None:
        case = self.session.case
        assert case is not None
        self._follow(None)
        layer = self.layers.show(case, self.session.project.schema)
        self.maps.show(self.session, self.layers.images[0])
        self.viewer.layers.selection.active = layer
        self._follow(layer)
        show_slice(self.viewer, layer, self.session.plane, 0)
        self.frame()
        self.chosen = 0
        self.refresh()
        self.shown.emit()

    def _follow(self, layer: Labels | None) -> None:
        """Hear of strokes on another layer of regions, or on none."""
        self.recorder.follow(layer)
        if self._followed is not None:
            self._followed.events.labels_update.disconnect(self._painting)
        self._followed = layer
        if layer is not None:
            layer.events.labels_update.connect(self._painting)

    def _painting(self, event: Any) -> None:
        """Let a stroke count while it is drawn."""
        (top, left), (height, width) = event.offset[-2:], event.data.shape[:2]
        self.session.look(slice(top, top + height), slice(left, left + width))
        if not self._turn.isActive():
            self._turn.start(0)

    def _not_arrived(self, case_id: int, error: BaseException) -> None:
        """Leave a radiograph out that cannot be read, and go on with the one after it."""
        self.changed.emit()
        if not isinstance(error, InputError):
            self.told.emit(sentence_of(error), "error")
            return
        self.told.emit(f"{error} It is left out until the project is opened again.", "warning")
        following = self.session.leave_out(case_id)
        if following is not None:
            self.go_to(following)

    def _layer_removed(self, event: Any) -> None:
        """Bring the layers back when somebody deletes one: without it nothing would be saved."""
        if event.value in self._shown:
            QTimer.singleShot(0, self._restore)

    def _restore(self) -> None:
        shown = self._shown
        if shown and self.session.case and not all(la in self.viewer.layers for la in shown):
            self.recorder.record()
            self.marks.remove()
            self.maps.remove()
            self.layers.remove()
            self._show()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except SalientError as error:
            self.told.emit(str(error), "error")
