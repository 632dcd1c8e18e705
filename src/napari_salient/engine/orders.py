"""Pausing, resuming and cancelling a run that another process works on, by a file in its folder.

The file holds one word. Whoever leaves one and whoever begins to work on the run do so under the
same lock: an order is for the process that works on the run at that moment, and no later one.
"""

from __future__ import annotations

import contextlib
import enum
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock

from napari_salient.engine.atomic import write_atomically
from napari_salient.engine.hold import is_held, take_hold
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.engine.run import Run

ORDER = "order"
LOCK = "order.lock"
LOCK_S = 5.0
"""How long to wait for the lock; it is held for some milliseconds."""
POLL_S = 0.2


class Order(enum.StrEnum):
    """What a run can be told."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class RemoteControl:
    """The buttons of a run that another process works on.

    An order is obeyed within a fraction of a second, by what `Run.pause`, `resume` and `cancel` of
    that process do; one that does not fit its state then is passed over. The newest order counts,
    but nothing takes back a cancel.

    Parameters
    ----------
    directory
        The run's folder.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def pause(self) -> None:
        """Let the run wait at its next opportunity.

        Raises
        ------
        RunError
            If no process works on the run, it is being cancelled, or its folder cannot be written.
        """
        self._leave(Order.PAUSE, "paused")

    def resume(self) -> None:
        """Let the run go on; raises as `pause` does."""
        self._leave(Order.RESUME, "resumed")

    def cancel(self) -> None:
        """Let the run save and end; raises as `pause` does."""
        self._leave(Order.CANCEL, "cancelled")

    def _leave(self, order: Order, change: str) -> None:
        self._require_held(change)
        try:
            with _orders_of(self._directory):
                self._require_held(change)
                if _waiting(self._directory) is Order.CANCEL and order is not Order.CANCEL:
                    raise RunError(
                        f"The run {self._directory.name} is being cancelled and cannot be {change}."
                    )
                write_atomically(self._directory / ORDER, order.encode())
        except OSError as error:
            raise RunError(
                f"The run {self._directory.name} cannot be {change} from here, since its folder "
                f"{self._directory} cannot be written ({error}); use the process it runs in."
            ) from error

    def _require_held(self, change: str) -> None:
        if not is_held(self._directory):
            raise RunError(
                f"No process works on the run {self._directory.name} (or its folder may not be "
                f"written from here), so it cannot be {change}; napari-salient runs list shows "
                "what each run is doing."
            )


def take_hold_afresh(directory: Path) -> FileLock:
    """Take hold of a run as `take_hold` does, and forget what an earlier process was told."""
    with _orders_of(directory):
        hold = take_hold(directory)
        (directory / ORDER).unlink(missing_ok=True)
    return hold


@contextmanager
def obeying(run: Run) -> Iterator[None]:
    """Obey the orders that are left for a run, in a thread that ends with the block."""
    ended = threading.Event()
    thread = threading.Thread(target=_obey, args=(run, ended), name="orders", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _obey(run: Run, ended: threading.Event) -> None:
    acts = {Order.PAUSE: run.pause, Order.RESUME: run.resume, Order.CANCEL: run.cancel}
    while not ended.wait(POLL_S):
        order = _take(run.directory)
        if order is not None:
            with contextlib.suppress(RunError):
                acts[order]()


def _take(directory: Path) -> Order | None:
    """Return the order that waits, and remove it; `None` also if it cannot be read or removed."""
    if not (directory / ORDER).exists():
        return None
    try:
        with _orders_of(directory):
            order = _waiting(directory)
            (directory / ORDER).unlink()
    except OSError:
        return None
    return order


def _waiting(directory: Path) -> Order | None:
    try:
        return Order((directory / ORDER).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _orders_of(directory: Path) -> FileLock:
    return FileLock(directory / LOCK, timeout=LOCK_S, thread_local=False)
