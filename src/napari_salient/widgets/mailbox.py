"""Events on their way from a worker thread to the window."""

from __future__ import annotations

import threading
from collections import deque

from napari_salient.engine.events import Event, Progress, Step

COALESCED = (Step, Progress)
"""Events of which only the newest matters to who watches; all others arrive, each in its turn."""


class Mailbox:
    """A thread-safe queue in which a burst of steps takes one place and cannot flood its reader."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._events)

    @property
    def urgent(self) -> bool:
        """Whether something waits that should be shown without delay."""
        with self._lock:
            return any(not isinstance(event, COALESCED) for event in self._events)

    def put(self, event: Event) -> bool:
        """Add an event; return whether the reader has to be woken for it."""
        coalesced = isinstance(event, COALESCED)
        with self._lock:
            was_empty = not self._events
            if coalesced:
                self._drop_older(type(event))
            self._events.append(event)
        return was_empty or not coalesced

    def take(self) -> Event | None:
        """Remove and return the oldest event, `None` if there is none."""
        with self._lock:
            return self._events.popleft() if self._events else None

    def _drop_older(self, kind: type[Event]) -> None:
        for place in range(len(self._events) - 1, -1, -1):
            if not isinstance(self._events[place], COALESCED):
                return
            if type(self._events[place]) is kind:
                del self._events[place]
                return
