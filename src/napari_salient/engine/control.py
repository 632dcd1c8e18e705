"""The flags by which another thread pauses, resumes or cancels a job."""

from __future__ import annotations

import threading


class Control:
    """Thread-safe pause and cancel flags that a job looks at between two units of work.

    Any thread may set them; the job calls `proceed` wherever it could stop. Cancelling wakes a
    paused job.
    """

    def __init__(self) -> None:
        self._go = threading.Event()
        self._go.set()
        self._cancelled = threading.Event()

    @property
    def paused(self) -> bool:
        """Whether the job waits (or will wait at its next look)."""
        return not self._go.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether the job was told to save and end."""
        return self._cancelled.is_set()

    def pause(self) -> None:
        """Let the job wait at its next look; without effect once cancelled."""
        if not self.cancelled:
            self._go.clear()

    def resume(self) -> None:
        """Let a paused job go on."""
        self._go.set()

    def cancel(self) -> None:
        """Tell the job to save and end, also while it is paused."""
        self._cancelled.set()
        self._go.set()

    def proceed(self) -> bool:
        """Block while paused; return whether the job shall go on (`False` once cancelled)."""
        self._go.wait()
        return not self.cancelled

    def rests(self, seconds: float) -> bool:
        """Wait while paused, but no longer than `seconds`; return whether it still is."""
        return not self._go.wait(seconds)
