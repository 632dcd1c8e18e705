"""Reading cases in worker threads, before and when they are wanted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qtpy.QtWidgets import QWidget

    from napari_salient.engine.events import Finished


class Reading(Protocol):
    """What keeps the cases of a session in memory."""

    def load_case(self, case_id: int) -> object:
        """Read a case unless it is in memory; any thread may."""


class CaseLoader:
    """Reads one wanted case at a time; whoever wants another one first is the one who gets it.

    Parameters
    ----------
    session
        Keeps the cases in memory.
    owner
        The panel; once it is closed nothing is read any more.
    """

    def __init__(self, session: Reading, owner: QWidget) -> None:
        self._session, self._owner = session, owner
        self._wanted: int | None = None
        self._ahead: set[int] = set()
        self._ready: set[int] = set()

    @property
    def busy(self) -> bool:
        """Whether a wanted case is being read."""
        return self._wanted is not None

    @property
    def reading(self) -> bool:
        """Whether any case is being read."""
        return self.busy or bool(self._ahead)

    def is_ready(self, case_id: int) -> bool:
        """Whether a case was read ahead, so that opening it takes no time."""
        return case_id in self._ready

    def want(
        self,
        case_id: int,
        arrived: Callable[[], object],
        failed: Callable[[BaseException], object],
    ) -> None:
        """Read a case, then call `arrived`, or `failed` with the error, on the main thread."""
        self._wanted = case_id

        def ended(finished: Finished) -> None:
            if self._wanted != case_id:
                return
            self._wanted = None
            if finished.reason is FinishReason.COMPLETED:
                arrived()
            elif finished.error is not None:
                failed(finished.error)

        self._read(case_id, ended)

    def read_ahead(self, case_ids: Iterable[int]) -> None:
        """Read cases that will probably be wanted soon; failures wait until they are."""
        soon = set(case_ids)
        self._ready &= soon
        for case_id in soon - self._ready - self._ahead:
            self._ahead.add(case_id)
            self._read(case_id, partial(self._was_read, case_id))

    def _was_read(self, case_id: int, finished: Finished) -> None:
        if case_id in self._ahead and finished.reason is FinishReason.COMPLETED:
            self._ready.add(case_id)
        self._ahead.discard(case_id)

    def forget(self) -> None:
        """Want nothing any more."""
        self._wanted = None

    def outdate(self) -> None:
        """Forget what was read ahead, because another model has other predictions of it."""
        self._ready.clear()
        self._ahead.clear()

    def _read(self, case_id: int, ended: Callable[[Finished], object]) -> None:
        def read() -> None:
            self._session.load_case(case_id)

        start_job(read, Control(), on_finished=ended, name="Reading a case", owner=self._owner)
