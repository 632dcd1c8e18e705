"""Which process works on a run: a lock that the system releases when that process dies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from napari_salient.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path

LOCK = "run.lock"
PROBE_S = 0.05
"""How long a look at the lock waits for another look to end; a look takes microseconds."""
TAKE_S = 1.0
POLL_S = 0.01


def take_hold(directory: Path) -> FileLock:
    """Take a run for this process; release the lock that is returned, from any thread.

    Raises
    ------
    RunError
        If it is being worked on, here or in another process.
    """
    lock = FileLock(directory / LOCK, thread_local=False)
    try:
        lock.acquire(timeout=TAKE_S, poll_interval=POLL_S)
    except Timeout as error:
        raise RunError(
            f"The run {directory.name} is being worked on already; follow it, or wait for its end."
        ) from error
    return lock


def is_held(directory: Path) -> bool:
    """Return whether a living process works on a run; `False` where we may not look."""
    if not os.access(directory / LOCK, os.W_OK):
        return False
    lock = FileLock(directory / LOCK, thread_local=False)
    try:
        lock.acquire(timeout=PROBE_S, poll_interval=POLL_S)
    except Timeout:
        return True
    lock.release()
    return False
