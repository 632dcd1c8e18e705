"""The slices that wait for the annotator: their order and reasons, kept across restarts."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_salient.active_learning.pool import Proposal
from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import ProjectError
from napari_salient.project.states import INTERPOLATED, PROMPTED, SliceMark, SliceState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_salient.data.planes import Plane
    from napari_salient.project.project import Project

FILE_NAME = "queue.json"
VERSION = 1
OPEN = (SliceState.PROPOSED, SliceState.DRAFT)
UNSEEN = {
    (SliceState.PROPOSED, ""): "proposed",
    (SliceState.DRAFT, INTERPOLATED): "interpolated",
    (SliceState.DRAFT, PROMPTED): "changed from another slice",
}
"""Marks of slices that nobody has looked at, and what became of them, in words."""
PROPOSE, WITHDRAW = "propose", "withdraw"
"""Kinds of journal rows that the queue writes; undo passes over them, as they change no label."""


@dataclass(frozen=True)
class Entry:
    """A proposed slice, and what the model has to do with it.

    Parameters
    ----------
    proposal
        The slice and why it was chosen.
    run_id
        The run whose prediction belongs to it; `None` for no model.
    shown
        Whether that prediction was drawn into the slice, so that the annotator began with it.
    """

    proposal: Proposal
    run_id: str | None = None
    shown: bool = False

    @property
    def place(self) -> tuple[int, int]:
        """Case and slice index."""
        return self.proposal.case_id, self.proposal.index


class ProposalQueue:
    """What was proposed, in order; whether a slice still waits is its state in the journal.

    An entry stays in the file when its slice is accepted or sent back, so that undoing that brings
    it back to its place.

    Parameters
    ----------
    project
        Has the states of the slices; the queue is a file in its folder.

    Raises
    ------
    ProjectError
        If the file is broken.
    """

    def __init__(self, project: Project) -> None:
        self._path = project.folder / FILE_NAME
        self._project = project
        self._journal = project.journal
        self._plane = project.settings.plane
        stored = self._read()
        self.entries: list[Entry] = stored["entries"]
        self.draws: int = stored["draws"]
        self.finished: bool = stored["finished"]
        self.set_aside = {int(case): words for case, words in stored["set_aside"].items()}
        self._take_up_strays()

    def waiting(self) -> list[Entry]:
        """Return the entries that are proposed or begun, in order."""
        return [entry for entry in self.entries if self._state(entry) in OPEN]

    def entry(self, case_id: int, index: int) -> Entry | None:
        """Return the entry of a slice, done or not; `None` if it was not proposed."""
        return next((entry for entry in self.entries if entry.place == (case_id, index)), None)

    def of_case(self, case_id: int) -> list[Entry]:
        """Return the entries of a case."""
        return [entry for entry in self.entries if entry.proposal.case_id == case_id]

    def add(self, proposals: Iterable[Proposal], run_id: str | None) -> None:
        """Append proposals and mark their slices."""
        new = [Entry(proposal, run_id) for proposal in proposals]
        self._mark(new, SliceMark(SliceState.PROPOSED), PROPOSE)
        places = {entry.place for entry in new}
        self.entries = [entry for entry in self.entries if entry.place not in places] + new
        self.save()

    def replace(
        self, proposals: Iterable[Proposal], run_id: str | None, keep: set[tuple[int, int]]
    ) -> None:
        """Let `proposals` in, and what nobody has begun out, except `keep`."""
        waiting = self.waiting()
        new = list(proposals)
        wanted = keep | {(proposal.case_id, proposal.index) for proposal in new}
        idle = [
            e for e in waiting if self._state(e) is SliceState.PROPOSED and e.place not in wanted
        ]
        begun = [e for e in waiting if self._state(e) is SliceState.DRAFT or e.place in keep]
        self._mark(idle, SliceMark(), WITHDRAW)
        self.entries = begun
        kept = {entry.place for entry in begun}
        self.add((p for p in new if (p.case_id, p.index) not in kept), run_id)

    def finish(self, keep: set[tuple[int, int]]) -> None:
        """Let what nobody has begun out, except `keep`, and remember that nothing shall come in."""
        self.finished = True
        self.replace([], None, keep)

    def go_on(self) -> None:
        """Let proposals in again."""
        self.finished = False
        self.save()

    def bring_back(self, case_id: int, index: int, reason: str) -> None:
        """Put a slice of the pool first that is open again and not in the queue any more."""
        held_out = self._project.catalogue.case(case_id).split != "pool"
        if not held_out and self.entry(case_id, index) is None:
            self.entries = [
                Entry(Proposal(case_id, self._plane, index, 0.0, reason)),
                *self.entries,
            ]
            self.save()

    def bring_forward(self, case_id: int, indices: Iterable[int], reason: str) -> None:
        """Put slices of a case of the pool first, in this order, whether they waited or not."""
        known = {entry.place: entry for entry in self.entries}
        new = {(case_id, i): Entry(Proposal(case_id, self._plane, i, 0.0, reason)) for i in indices}
        first = {place: known.get(place, entry) for place, entry in new.items()}
        entries = list((first | known).values())
        if entries != self.entries:
            self.entries = entries
            self.save()

    def shown(self, case_id: int, index: int, run_id: str) -> None:
        """Remember whose prediction was drawn into a slice."""
        entry = self.entry(case_id, index)
        new = dataclasses.replace(entry, run_id=run_id, shown=True) if entry else None
        if new is not None and new != entry:
            self.entries = [new if e is entry else e for e in self.entries]
            self.save()

    def leave_out(self, case_id: int, why: str) -> None:
        """Set a case aside: its proposals leave the queue, and nothing more of it is proposed."""
        theirs = self.of_case(case_id)
        self._mark(
            [e for e in theirs if self._state(e) is SliceState.PROPOSED], SliceMark(), WITHDRAW
        )
        self.entries = [entry for entry in self.entries if entry.proposal.case_id != case_id]
        self.set_aside = {**self.set_aside, case_id: why}
        self.save()

    def readmit(self, case_id: int) -> None:
        """Let a case back into the pool."""
        self.set_aside = {case: why for case, why in self.set_aside.items() if case != case_id}
        self.save()

    def save(self) -> None:
        """Write the file; the new one is on disk when this returns.

        Raises
        ------
        ProjectError
            If it cannot be written.
        """
        document = {
            "version": VERSION,
            "draws": self.draws,
            "finished": self.finished,
            "set_aside": self.set_aside,
            "entries": [_plain(entry) for entry in self.entries],
        }
        try:
            write_atomically(self._path, json.dumps(document, indent=1).encode())
        except OSError as error:
            raise ProjectError(
                f"The queue could not be saved to {self._path} ({error.strerror}); free some space "
                "or mend the permissions, labels are saved apart."
            ) from error

    def _state(self, entry: Entry) -> SliceState:
        return self._journal.slice_state(*self._slice(entry)).state

    def _slice(self, entry: Entry) -> tuple[int, Plane, int]:
        return entry.proposal.case_id, self._plane, entry.proposal.index

    def _mark(self, entries: Iterable[Entry], mark: SliceMark, kind: str) -> None:
        by_case: dict[int, list[int]] = {}
        for entry in entries:
            by_case.setdefault(entry.proposal.case_id, []).append(entry.proposal.index)
        with self._journal.together():
            for case_id, indices in by_case.items():
                marks = {(self._plane, index): mark for index in indices}
                self._project.set_states(case_id, marks, kind)

    def _take_up_strays(self) -> None:
        """Append slices that were marked when the program died before the file was written."""
        known = {entry.place for entry in self.entries}
        pool = self._project.catalogue.ids_in("pool") - set(self.set_aside)
        for state in OPEN:
            for record in self._journal.slice_states(state=state):
                if record.plane != self._plane or (record.case_id, record.index) in known:
                    continue
                if record.case_id in pool and (state, record.note) in UNSEEN:
                    reason = f"{UNSEEN[state, record.note]} before the program ended"
                    stray = Proposal(record.case_id, self._plane, record.index, 0.0, reason)
                    self.entries.append(Entry(stray))

    def _read(self) -> dict[str, Any]:
        if not self._path.exists():
            return {"entries": [], "draws": 0, "finished": False, "set_aside": {}}
        try:
            stored: dict[str, Any] = json.loads(self._path.read_bytes())
            if stored["version"] == VERSION:
                return {**stored, "entries": [_entry(values) for values in stored["entries"]]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ProjectError(
                f"{self._path} cannot be read ({error}); delete it to begin a new queue, "
                "no label is in it."
            ) from error
        raise ProjectError(
            f"{self._path} was written by a newer version of napari-salient; update it to open "
            "the project."
        )


def _plain(entry: Entry) -> dict[str, Any]:
    return {**vars(entry.proposal), "run_id": entry.run_id, "shown": entry.shown}


def _entry(values: dict[str, Any]) -> Entry:
    of_entry = {name: values.pop(name) for name in ("run_id", "shown")}
    return Entry(Proposal(**values), **of_entry)
