"""How long a job will still take, in words."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SMOOTHING = 0.2
"""Weight of the newest measurement in the running mean of seconds per unit."""


class TimeLeft:
    """Estimate the remaining time of a job from its progress, without the time it was paused."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._done = 0
        self._pace: float | None = None

    def skip(self) -> None:
        """Forget when the last unit was done: the job was paused, or another part of it begins."""
        self._since = None

    def update(self, done: int, total: int) -> float | None:
        """Return the seconds left after `done` of `total` units, `None` while nobody can know."""
        now = self._clock()
        if self._since is not None and done > self._done:
            pace = (now - self._since) / (done - self._done)
            self._pace = (
                pace if self._pace is None else self._pace + SMOOTHING * (pace - self._pace)
            )
        self._since, self._done = now, done
        return None if self._pace is None else self._pace * max(total - done, 0)


def duration_text(seconds: float) -> str:
    """Return a duration as people say it: ``8 s``, ``1 min 20 s``, ``2 h 05 min``."""
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
