"""Which case and slice of a labelling session are open, and how the next one gets there quickly."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from napari_salient.active_learning.case_cache import CaseCache
from napari_salient.active_learning.open_case import OpenCase
from napari_salient.active_learning.predictions import Prediction, read_prediction
from napari_salient.active_learning.queue import ProposalQueue
from napari_salient.data.planes import axis_of, slice_of
from napari_salient.errors import InputError
from napari_salient.project.editing import CaseEditor
from napari_salient.project.states import PREDICTION, SliceMark, SliceState
from napari_salient.project.trail import PRE_ANNOTATION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import Proposal
    from napari_salient.active_learning.queue import Entry
    from napari_salient.project.catalogue import Case
    from napari_salient.project.project import Project
    from napari_salient.project.rounds import Round

CACHE_BYTES = 512 * 2**20
"""Memory for cases that were opened or read ahead."""

LONG_TAIL = 200
"""Edits since the last snapshot of a case that take longer to replay than a snapshot to read."""


class Opening:
    """The open case, the current slice, and the queue they come from.

    Parameters
    ----------
    project
        Open for writing.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.plane = project.settings.plane
        self.case: OpenCase | None = None
        self.index: int | None = None
        self._editor: CaseEditor | None = None
        self._queue = ProposalQueue(project)
        self._cache = CaseCache(CACHE_BYTES)
        self._round = next((r for r in project.catalogue.rounds() if r.active), None)

    @property
    def queue(self) -> list[Proposal]:
        """The proposals that wait for a decision, in order."""
        return [entry.proposal for entry in self._queue.waiting()]

    @property
    def set_aside(self) -> dict[int, str]:
        """Cases that cannot be read, each with a sentence; nothing of them is proposed."""
        return self._queue.set_aside

    @property
    def active_round(self) -> Round | None:
        """The round whose model is in use."""
        return self._round

    def load_case(self, case_id: int) -> OpenCase:
        """Read a case, or return it from memory; any thread may read the next ones ahead.

        Raises
        ------
        InputError
            If its image is gone or cannot be read.
        """
        current = self.case
        if current is not None and current.case.id == case_id:
            return current
        return self._cache.get(case_id, self._read_case)

    def in_memory(self, case_id: int) -> bool:
        """Whether a case can be opened without reading files."""
        return case_id in self._cache or (self.case is not None and self.case.case.id == case_id)

    def upcoming(self, count: int) -> list[int]:
        """Return the next cases of the queue after the open one: what is worth reading ahead."""
        current = self.case.case.id if self.case else None
        cases = dict.fromkeys(proposal.case_id for proposal in self.queue)
        return [case_id for case_id in cases if case_id != current][:count]

    def glimpse(self, case_id: int, indices: Sequence[int]) -> list[NDArray[np.float32]]:
        """Return slices (row, column) of a case's first channel; any thread may.

        A case that is not in memory is not kept there for it.

        Raises
        ------
        InputError
            If its image is gone or cannot be read.
        """
        from napari_salient.data.volumes import load_slices

        if self.in_memory(case_id):
            image = self.load_case(case_id).image
            return [slice_of(image[0], self.plane, index) for index in indices]
        slices = load_slices(self.project.header(case_id), self.plane, indices)
        return [pixels[0] for pixels in slices]

    def compact(self, case_id: int) -> None:
        """Write the labels of a case to a file if replaying its edits takes long; any thread may.

        Raises
        ------
        ProjectError
            If it cannot be written; nothing is lost, the journal holds all edits.
        """
        if self.project.journal.tail(case_id) > LONG_TAIL:
            self.project.compact(case_id)

    def leave_out(self, case_id: int, why: str) -> None:
        """Set a case aside that cannot be used; its proposals leave the queue."""
        self._queue.leave_out(case_id, why)

    def readmit(self, case_id: int) -> None:
        """Let a case that was set aside back into the pool."""
        self._queue.readmit(case_id)

    def _bring_up(self, case_id: int, index: int | None) -> None:
        """Make a case the open one and a slice of it the current one."""
        case = self.load_case(case_id)
        count = case.labels.shape[axis_of(self.plane)]
        if index is not None and not 0 <= index < count:
            raise InputError(
                f"Case '{case.case.name}' has no {self.plane} slice {index + 1}; "
                f"choose 1 to {count}."
            )
        if case is not self.case:
            self._editor = CaseEditor(self.project.journal, case_id, case.labels, self.plane)
            self.case = case
        self.index = index

    def _next(self) -> Proposal | None:
        """Return the proposal after the current slice, from the start again after the last."""
        waiting = self.queue
        places = [(proposal.case_id, proposal.index) for proposal in waiting]
        here = (self.case.case.id, self.index) if self.case else None
        first = places.index(here) + 1 if here in places else 0
        return waiting[first % len(waiting)] if waiting else None

    def _pre_annotate(self, case: OpenCase, index: int) -> bool:
        """Draw the model's labels into a slice that waits for them; return whether it did."""
        predicted = case.predicted
        run_id = predicted.run_ids[index] if predicted else None
        if predicted is None or run_id is None or not self._wants_labels_of(run_id, index):
            return False
        assert self._editor is not None
        labels = slice_of(predicted.labels, self.plane, index)
        draft = SliceMark(SliceState.DRAFT, PREDICTION)
        self._editor.put(index, labels, PRE_ANNOTATION, draft)
        self._queue.shown(case.case.id, index, run_id)
        return True

    def _wants_labels_of(self, run_id: str, index: int) -> bool:
        """Whether a slice is proposed and blank, or shows, untouched, what another run drew."""
        assert self._editor is not None
        mark = self._editor.mark(index)
        if self._lost_a_class or not _untouched(mark):
            return False
        if mark.state is SliceState.PROPOSED:
            return not slice_of(self._editor.labels, self.plane, index).any()
        entry = self._queue.entry(self._editor.case_id, index)
        return entry is not None and entry.run_id != run_id

    @property
    def _lost_a_class(self) -> bool:
        """Whether the model in use lost a class, so that its labels are not offered."""
        return self._round is not None and bool(self._round.metrics.get("dead_classes"))

    def _read_case(self, case_id: int) -> OpenCase:
        from napari_salient.data.volumes import load_image

        case = self.project.catalogue.case(case_id)
        header = self.project.header(case)
        labels = self.project.label_array(case_id)
        return OpenCase(case, header, load_image(header), labels, self._prediction(case))

    def _prediction(self, case: Case) -> Prediction | None:
        """Return what the active round says of a case, or on slices begun before what was shown."""
        stored = cache(lambda run_id: self._stored_prediction(run_id, case.id))
        return self._with_shown(case, stored(self._round.run_id if self._round else None), stored)

    def _with_shown(
        self,
        case: Case,
        prediction: Prediction | None,
        shown_by: Callable[[str | None], Prediction | None],
    ) -> Prediction | None:
        """Put into the active round's prediction of a case what stays shown of other runs."""
        run_id = self._round.run_id if self._round else None
        renewed = prediction is not None and not self._lost_a_class
        for entry in self._queue.of_case(case.id):
            if entry.run_id == run_id or (renewed and self._gives_way(entry)):
                continue
            shown = shown_by(entry.run_id)
            if prediction is None and shown is not None:
                prediction = Prediction.blank(case.shape, self.plane)
            if prediction is not None:
                prediction.take_slice(shown, self.plane, entry.proposal.index)
        return prediction

    def _gives_way(self, entry: Entry) -> bool:
        """Whether a slice is to show what the model in use says as soon as it is opened."""
        here = (self.case.case.id, self.index) if self.case else None
        case_id, index = entry.place
        mark = self.project.journal.slice_state(case_id, self.plane, index).mark
        return entry.place != here and _untouched(mark)

    def _stored_prediction(self, run_id: str | None, case_id: int) -> Prediction | None:
        if run_id is None:
            return None
        found = read_prediction(self.project.runs_dir / run_id, case_id, self.plane)
        if found is not None:
            found.labels = self.project.schema.resolve(found.labels)
        return found

    def _reread(self, case_id: int) -> None:
        """Take over labels that changed outside the session; the live array stays the same one."""
        self._cache.clear(keep=self.case)
        if self.case is not None and self.case.case.id == case_id:
            self.case.labels[...] = self.project.label_array(case_id)
            self._editor = CaseEditor(self.project.journal, case_id, self.case.labels, self.plane)


def _untouched(mark: SliceMark) -> bool:
    """Whether nobody did anything to a slice that waits."""
    drawn = mark.state is SliceState.DRAFT and mark.note == PREDICTION
    return drawn or mark.state is SliceState.PROPOSED
