"""The annotator's desk: which slice is open, and what each decision does to it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_salient.active_learning.session import LabellingSession
from napari_salient.errors import InputError, SalientError
from napari_salient.widgets.case_loader import CaseLoader
from napari_salient.widgets.label_volumes.case_view import CaseView
from napari_salient.widgets.label_volumes.preview import Preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.pool import Proposal

    Place = tuple[int, int]

READ_AHEAD = 2
NOTHING_LEFT = "Every slice of the pool is labelled or set aside."
FILTERED_OUT = "No slice that waits fits the filter any more; clear it to go on with the others."
FINISHED = "You finished here: nothing more is proposed. To go on after all, see the Model page."


class Desk(QObject):
    """Stands between the session and the viewer, which know nothing of each other."""

    changed = Signal()
    """Another slice is open, or a label, a state or the queue changed."""
    opening = Signal(str)
    """The case of this name is being read."""
    told = Signal(str, str)
    """A sentence for the annotator, and its severity."""

    def __init__(self, viewer: Any, session: LabellingSession, owner: QWidget) -> None:
        super().__init__(owner)
        self.session = session
        self.admits: Callable[[Proposal], bool] = lambda _proposal: True
        self.view = CaseView(viewer, session, self)
        self.preview = Preview(self, owner)
        self._loader = CaseLoader(session, owner)
        self.view.rested.connect(self.settle)
        self.view.recorder.recorded.connect(self.changed)

    @property
    def here(self) -> Place | None:
        """Case and slice that are open."""
        case, index = self.session.case, self.session.index
        return None if case is None or index is None else (case.case.id, index)

    @property
    def busy(self) -> bool:
        """Whether the next case is being read; decisions wait until it is there."""
        return self._loader.busy

    @property
    def reading(self) -> bool:
        """Whether a case is being read, wanted or ahead."""
        return self._loader.reading

    def begin(self) -> None:
        """Open the first slice that waits, proposing some if none does."""
        self._refill()
        self._go_on(self._neighbour(1))

    def close(self) -> None:
        """Record what is left and leave the viewer as it was found."""
        self._loader.forget()
        self.preview.close()
        self.view.close()

    def go_to(self, case_id: int, index: int) -> None:
        """Open a slice; if its case has to be read, the old one stays until it is there."""
        case = self.session.case
        if (case and case.case.id == case_id) or self._loader.is_ready(case_id):
            self._loader.forget()
            self._arrive(case_id, index)
            return
        self.changed.emit()
        self.opening.emit(self.session.project.catalogue.case(case_id).name)
        self._loader.want(
            case_id,
            lambda: self._arrive(case_id, index),
            lambda error: self._not_arrived(case_id, error),
        )

    def step(self, by: int) -> None:
        """Open the next proposal (1) or the one before (-1)."""
        self.settle()
        self._refill()
        self._go_on(self._neighbour(by))

    def decide(self, decision: Callable[[LabellingSession], object]) -> None:
        """Take a decision about the open slice and open the next proposal.

        In a held-out case, of which nothing is proposed, the next undecided slice comes instead.
        """
        if self.busy or self.here is None:
            return
        self.settle()
        following = self._neighbour(1)
        with self._telling():
            decision(self.session)
            self._refill()
            if following not in self._waiting():
                following = self._neighbour(1)
            self._go_on(self.session.next_held_out() or following)

    def edit(self, change: Callable[[LabellingSession], object]) -> None:
        """Change the open slice and stay on it; undo may lead to another slice or case."""
        if self.busy or self.here is None:
            return
        self.settle()
        before = self.here
        with self._telling():
            change(self.session)
            if self.here == before:
                self.view.refresh()
            else:
                self.view.show()
            self.changed.emit()

    def undo(self, *, redo: bool = False) -> None:
        """Undo, or redo; the case to which that leads is read first."""
        away = [] if self.busy else self.session.away(redo=redo)
        if not away:
            self.edit(LabellingSession.redo if redo else LabellingSession.undo)
            return
        self.opening.emit(self.session.project.catalogue.case(away[0]).name)
        self._loader.want(
            away[0],
            lambda: self.undo(redo=redo),
            self._stayed,
        )

    def settle(self) -> None:
        """Make the slice that the viewer shows the open one."""
        index = self.view.index
        if self.busy or self.here is None or index is None or index == self.session.index:
            return
        with self._telling():
            self.session.open(self.here[0], index)
            self.view.refresh()
            self.changed.emit()

    def follow_session(self) -> None:
        """Show what the session has after a round was adopted or rolled back."""
        self._loader.outdate()
        self.view.refresh()
        self.view.refresh_map()
        self.changed.emit()
        self._read_ahead()
        if self.here is None:
            self.begin()

    def follow_queue(self) -> None:
        """Show a queue that was made anew; the open slice stays."""
        self.changed.emit()
        self._read_ahead()
        if self.here is None:
            self.begin()

    def finish(self) -> None:
        """Propose nothing more; the open slice stays."""
        with self._telling():
            self.session.finish()
        self.changed.emit()

    def go_on(self) -> None:
        """Propose slices again and open the first."""
        with self._telling():
            self.session.go_on()
        self.begin()

    def _stayed(self, error: BaseException) -> None:
        self.told.emit(str(error), "error")
        self.changed.emit()

    def _arrive(self, case_id: int, index: int) -> None:
        with self._telling():
            self.session.open(case_id, index)
            self.view.show()
            self.changed.emit()
            self._read_ahead()

    def _read_ahead(self) -> None:
        self._loader.read_ahead(self.session.upcoming(READ_AHEAD))

    def _not_arrived(self, case_id: int, error: BaseException) -> None:
        """Set a case aside that cannot be read, and go on with the next one."""
        if not isinstance(error, InputError):
            self.told.emit(str(error), "error")
            return
        with self._telling():
            self.session.leave_out(case_id, str(error))
            self.told.emit(f"{error} Its volume is set aside.", "warning")
            self._refill()
            self._go_on(self._neighbour(1))

    def _go_on(self, place: Place | None) -> None:
        if place is not None:
            self.go_to(*place)
        elif self.session.queue:
            self.told.emit(FILTERED_OUT, "info")
            self.changed.emit()
        else:
            self.told.emit(FINISHED if self.session.finished else NOTHING_LEFT, "info")
            self.changed.emit()

    def _waiting(self) -> list[Place]:
        """Return what waits, as far as the annotator wants to go through it now."""
        return [(p.case_id, p.index) for p in self.session.queue if self.admits(p)]

    def _neighbour(self, by: int) -> Place | None:
        waiting = self._waiting()
        if self.here in waiting:
            return waiting[(waiting.index(self.here) + by) % len(waiting)]
        return waiting[0 if by > 0 else -1] if waiting else None

    def _refill(self) -> None:
        """Keep slices waiting, so that nobody has to wait for the model."""
        if not self.session.queue:
            with self._telling():
                self.session.propose()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except SalientError as error:
            self.told.emit(str(error), "error")
