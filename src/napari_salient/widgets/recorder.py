"""Writing strokes to the journal as they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from qtpy.QtCore import QObject, QTimer, Signal

from napari_salient.errors import SalientError
from napari_salient.widgets.jump import shown_index

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_salient.data.planes import Plane

RETRY_MS = 2000


class Recording(Protocol):
    """What writes the strokes of a session down."""

    @property
    def plane(self) -> Plane:
        """The plane along which slices are told apart."""

    def record_changes(self, *, touched: slice | None = None) -> int | None:
        """Write what changed in the touched slices; return the row, `None` for no change."""


class StrokeRecorder(QObject):
    """Hears of changes of a labels layer and has the session record them.

    napari says that something changed before the change (fill), after it (brush), or only that the
    layer was drawn again (undo). So an event only marks the layer, and the next turn of the event
    loop compares the slices that may have changed. A stroke that cannot be written stays unsaved
    and is tried again.
    """

    unsaved = Signal()
    """Something was changed that is not on disk yet."""
    recorded = Signal(int)
    """A change is on disk, under this row of the journal."""
    saved = Signal()
    """Everything is on disk."""
    failed = Signal(object)
    """The journal refused, with this error; the change is still only in memory."""

    def __init__(self, viewer: Any, session: Recording, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._session = viewer, session
        self._layer: Labels | None = None
        self._touched: set[int] = set()
        self._everywhere = False
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self.record)

    @property
    def pending(self) -> bool:
        """Whether something may have changed that was not looked at yet."""
        return bool(self._turn.isActive())

    def follow(self, layer: Labels | None) -> None:
        """Listen to another layer, or to none; what the last one still had is recorded first."""
        if self._layer is not None:
            self._layer.events.paint.disconnect(self._painted)
            self._layer.events.set_data.disconnect(self._drawn)
        self._turn.stop()
        self._layer = layer
        if layer is not None:
            layer.events.paint.connect(self._painted)
            layer.events.set_data.connect(self._drawn)

    def record(self) -> bool:
        """Write what changed now; return whether everything is on disk."""
        self._turn.stop()
        try:
            row = self._session.record_changes(touched=self._where())
        except SalientError as error:
            self._everywhere = True
            self._turn.start(RETRY_MS)
            self.failed.emit(error)
            return False
        self._everywhere = False
        self._touched.clear()
        if row is not None:
            self.recorded.emit(row)
        self.saved.emit()
        return True

    def _painted(self, _event: Any = None) -> None:
        self._look_here()
        self.unsaved.emit()
        self._turn.start(0)

    def _drawn(self, _event: Any = None) -> None:
        self._look_here()
        if not self._turn.isActive():
            self._turn.start(0)

    def _look_here(self) -> None:
        layer = self._layer
        if layer is None:
            return
        index = shown_index(self._viewer, layer, self._session.plane)
        if index is None or layer.n_edit_dimensions > 2:
            self._everywhere = True
        else:
            self._touched.add(index)

    def _where(self) -> slice | None:
        """Return the slices that may have changed; `None` for any of them."""
        if self._everywhere or not self._touched:
            return None
        return slice(min(self._touched), max(self._touched) + 1)
