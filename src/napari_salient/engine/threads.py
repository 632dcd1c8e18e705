"""How many CPU threads a job takes, and how it leaves the window responsive."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

BEHIND_WINDOW = 10
"""How much nicer than the window's thread a thread is that computes beside it."""

SWITCH_INTERVAL_S = 0.001
"""How long a worker may hold Python's lock while a window waits; Python's own is 5 ms."""

_QT_MODULES = ("PyQt5.QtWidgets", "PyQt6.QtWidgets", "PySide6.QtWidgets", "PySide2.QtWidgets")


def thread_share(requested: int = 0) -> int:
    """Return the threads that a job may use inside one operation.

    Parameters
    ----------
    requested
        The number wanted, taken as it is, since results depend on it in the last bit; 0 takes
        every core this process may use, or all but one where a window needs its own.

    Raises
    ------
    InputError
        If `requested` is negative.
    """
    if requested < 0:
        raise InputError(f"Threads must be 0 (automatic) or more, not {requested}.")
    if requested:
        return requested
    cores = _usable_cores()
    return max(1, cores - 1) if has_window() else cores


@contextmanager
def limit_threads(threads: int) -> Iterator[None]:
    """Let torch use `threads` threads in the calling thread, and the window its turns, for a while.

    The count belongs to the thread that sets it: a worker that does not set it opens a second
    OpenMP pool beside the main thread's, and both crawl.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with responsive_window():
            _give_way()
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def responsive_window() -> Iterator[None]:
    """Shorten the turns of Python threads while jobs run beside a window; no effect without one."""
    if not has_window():
        yield
        return
    _turns.shorten()
    try:
        yield
    finally:
        _turns.restore()


def has_window() -> bool:
    """Return whether a Qt application lives in this process, without importing Qt."""
    for name in _QT_MODULES:
        application = getattr(sys.modules.get(name), "QApplication", None)
        if application is not None and application.instance() is not None:
            return True
    return False


def _give_way() -> None:
    """Let the calling thread wait for the window's where both want a core.

    Only Linux has a priority for each thread. It cannot be taken back, so a thread that computed
    once stays behind; the main thread never goes there.
    """
    aside = threading.current_thread() is not threading.main_thread()
    if sys.platform == "linux" and aside and has_window():
        window = os.getpriority(os.PRIO_PROCESS, os.getpid())
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), window + BEHIND_WINDOW)


class _Turns:
    """The interpreter's switch interval, which all running jobs share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs = 0
        self._before = 0.0

    def shorten(self) -> None:
        with self._lock:
            if self._jobs == 0:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(min(self._before, SWITCH_INTERVAL_S))
            self._jobs += 1

    def restore(self) -> None:
        with self._lock:
            self._jobs -= 1
            if self._jobs == 0:
                sys.setswitchinterval(self._before)


_turns = _Turns()


def _usable_cores() -> int:
    """Return the cores this process may use, no more than ``OMP_NUM_THREADS`` says."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    with contextlib.suppress(ValueError):
        cores = min(cores, int(os.environ.get("OMP_NUM_THREADS", cores)))
    return max(1, cores)
