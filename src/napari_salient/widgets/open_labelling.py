"""The labelling project that is open in a viewer, for the other panels of that viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from napari_salient.widgets.label_volumes.workbench import Workbench


class OpenLabelling(QObject):
    """What the panel "Label Volumes" of a viewer works on, and word of it when that changes."""

    changed = Signal()
    """A project was opened or closed, or something about it changed that others go by."""

    def __init__(self) -> None:
        super().__init__()
        self._bench: Workbench | None = None

    @property
    def bench(self) -> Workbench | None:
        """The open project with everything on it; `None` where no project is open."""
        return self._bench

    def set_bench(self, bench: Workbench | None) -> None:
        """Say what is open now."""
        self._bench = bench
        self.changed.emit()


_by_viewer: WeakKeyDictionary[Any, OpenLabelling] = WeakKeyDictionary()


def labelling_in(napari_viewer: Any) -> OpenLabelling:
    """Return what says which labelling project is open in a viewer, now and later."""
    viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
    return _by_viewer.setdefault(viewer, OpenLabelling())
