"""Knowing when a panel is closed: napari sends its widget no close event."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, Qt

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget


def on_closed(widget: QWidget, function: Callable[[], object]) -> Callable[[], None]:
    """Call a function once, when a panel goes; return a function that takes this back.

    A panel goes when its dock is closed (napari then takes the widget out and keeps it), when it is
    closed as a window of its own, or when it is destroyed with napari's window; in the last case
    the function can no longer use the widget. Of several functions the last one is called first.
    """
    pending = _watcher_of(widget).pending
    pending.append(function)

    def take_back() -> None:
        with suppress(ValueError):
            pending.remove(function)

    return take_back


class _Watcher(QObject):
    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.pending: list[Callable[[], object]] = []
        widget.installEventFilter(self)
        widget.destroyed.connect(_at_destruction(self.pending))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        taken_out = event.type() == QEvent.Type.ParentChange and watched.parent() is None
        if taken_out or event.type() == QEvent.Type.Close:
            _call_all(self.pending)
        return False


def _watcher_of(widget: QWidget) -> _Watcher:
    only_direct = Qt.FindChildOption.FindDirectChildrenOnly
    found: _Watcher | None = widget.findChild(_Watcher, "", only_direct)
    return found or _Watcher(widget)


_kept: set[Callable[..., None]] = set()
"""What `destroyed` calls. Python's collector must not get it: it would empty the function before Qt
destroys the widget, and PyQt crashes when it calls an empty function."""


def _at_destruction(pending: list[Callable[[], object]]) -> Callable[..., None]:
    def destroyed(*_: object) -> None:
        _kept.discard(destroyed)
        _call_all(pending)

    _kept.add(destroyed)
    return destroyed


def _call_all(pending: list[Callable[[], object]]) -> None:
    while pending:
        pending.pop()()
