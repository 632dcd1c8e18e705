"""What one key press of the annotator does: record, decide, reset, go back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.effort import Stopwatch
from napari_salient.active_learning.opening import Opening
from napari_salient.active_learning.progress import agreement
from napari_salient.active_learning.queue import OPEN
from napari_salient.active_learning.work_log import (
    METHOD,
    SliceAgreement,
    WorkLog,
    agreement_measurement,
    effort_measurements,
)
from napari_salient.data.planes import axis_of, slice_of
from napari_salient.errors import InputError
from napari_salient.project import states
from napari_salient.project.editing import CaseEditor, joined_box
from napari_salient.project.states import SliceMark, SliceState
from napari_salient.project.trail import Step, Trail, recent_edits, steps_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from napari_salient.active_learning.open_case import OpenCase
    from napari_salient.active_learning.pool import Proposal
    from napari_salient.project.edits import Box, Edit
    from napari_salient.project.project import Project

DONE = (SliceState.ACCEPTED, SliceState.SENT_BACK)


class Annotation(Opening):
    """The annotator's side of a session.

    Whatever changes labels or states is on disk when the method returns; a failure to write raises
    `ProjectError` and changes nothing. The box of voxels that changed is returned where a view has
    to be refreshed.
    """

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self._trail = Trail.of(recent_edits(project.journal))
        self._watch = Stopwatch()
        self._log = WorkLog(project.catalogue.measurements(method=METHOD))

    def open(self, case_id: int, index: int) -> OpenCase:
        """Make a slice the current one; a blank proposed one gets the model's labels as a draft.

        Raises
        ------
        InputError
            If the case cannot be read or has no such slice; what was open stays open.
        """
        self.record_changes()
        self._bring_up(case_id, index)
        self._watch.active((case_id, index))
        assert self.case is not None
        if self._pre_annotate(self.case, index):
            self._did(case_id, automatic=True)
        return self.case

    def open_next(self) -> Proposal | None:
        """Open the proposal after the current slice; `None` if nothing waits.

        A case that cannot be read is set aside and the next one opened.
        """
        while (proposal := self._next()) is not None:
            try:
                self.load_case(proposal.case_id)
            except InputError as error:
                self.leave_out(proposal.case_id, str(error))
            else:
                self.open(proposal.case_id, proposal.index)
                return proposal
        return None

    def record_changes(self, kind: str = "stroke", touched: slice | None = None) -> int | None:
        """Record what was painted since the last look as one row; its slices become drafts.

        Only the current slice counts as drawn by hand. If others changed with it, as where somebody
        paints in another plane, they come next in the queue, to be checked.

        Parameters
        ----------
        kind
            What was done, in a word.
        touched
            Slices along the project's plane in which to look; all by default.

        Returns
        -------
        int or None
            The row of the journal; `None` if nothing changed, and nothing is written then.
        """
        editor = self._editor
        change = editor.unrecorded(touched) if editor else None
        if editor is None or change is None:
            return None
        done = [index for index in change.indices if editor.mark(index).state in DONE]
        unseen = set(change.indices) - {self.index}
        row = editor.record(kind, change, unseen)
        self._did(editor.case_id)
        looked_at = change.indices[0] if self.index is None else self.index
        self._watch.stroke((editor.case_id, looked_at))
        for index in done:
            self._queue.bring_back(editor.case_id, index, "edited after it was done")
        if unseen and self.index is not None:
            self.queue_drafts(change.indices, f"{kind}, to be checked")
        return row

    def accept(self) -> None:
        """Accept the current slice as it is; its agreement with the pre-annotation is measured."""
        self.record_changes()
        editor, index = self._current()
        mark = editor.mark(index)
        painted = bool(slice_of(editor.labels, self.plane, index).any())
        fresh = states.EDITED if painted else states.EMPTY
        note = mark.note if mark.state in (SliceState.DRAFT, SliceState.ACCEPTED) else fresh
        self._set_mark(SliceMark(SliceState.ACCEPTED, note), "accept")
        self._measure()

    def mark_empty(self) -> Box | None:
        """Clear the current slice and accept it, in one row."""
        editor, index = self._current()
        nothing = np.zeros_like(slice_of(editor.labels, self.plane, index))
        box = self._put(nothing, "empty", SliceMark(SliceState.ACCEPTED, states.EMPTY))
        self._measure()
        return box

    def reject(self) -> None:
        """Send the current slice back because its pre-annotation is of no use."""
        self._set_mark(SliceMark(SliceState.SENT_BACK, states.REJECTED), "reject")

    def mark_unsure(self) -> None:
        """Send the current slice back because it cannot be decided."""
        self._set_mark(SliceMark(SliceState.SENT_BACK, states.UNSURE_NOTE), "unsure")

    def reset_to_prediction(self) -> Box | None:
        """Put the pre-annotation back; nothing happens where there is none."""
        editor, index = self._current()
        predicted = self.case.predicted if self.case else None
        run_id = predicted.run_ids[index] if predicted else None
        if predicted is None or run_id is None:
            return None
        draft = SliceMark(SliceState.DRAFT, states.PREDICTION)
        box = self._put(slice_of(predicted.labels, self.plane, index), "reset", draft)
        self._queue.bring_back(editor.case_id, index, "reset to the prediction")
        self._queue.shown(editor.case_id, index, run_id)
        return box

    def reopen(self, case_id: int, index: int) -> None:
        """Put a slice that was sent back into the queue again; other slices stay as they are."""
        record = self.project.journal.slice_state(case_id, self.plane, index)
        if record.state is SliceState.SENT_BACK:
            proposed = {(self.plane, index): SliceMark(SliceState.PROPOSED)}
            self.project.set_states(case_id, proposed, "reopen")
            self._queue.bring_back(case_id, index, "sent back before, to be looked at again")

    def queue_drafts(self, indices: Iterable[int], reason: str) -> None:
        """Put slices of the open case first in the queue as far as they are drafts.

        The current slice comes before the others, from it onwards; held-out cases have no queue.
        """
        editor, here = self._current()
        assert self.case is not None
        onwards = sorted({here, *indices}, key=lambda index: (index < here, abs(index - here)))
        drafts = [index for index in onwards if editor.mark(index).state is SliceState.DRAFT]
        if self.case.case.split == "pool":
            self._queue.bring_forward(editor.case_id, drafts, reason)

    def next_held_out(self) -> tuple[int, int] | None:
        """Return the next slice of the open case to decide about, if the case is held out."""
        if self.case is None or self.index is None or self.case.case.split == "pool":
            return None
        case_id, count = self.case.case.id, self.case.labels.shape[axis_of(self.plane)]
        records = self.project.journal.slice_states(case_id)
        done = {r.index for r in records if r.plane == self.plane and r.state in DONE}
        order = ((self.index + step) % count for step in range(1, count + 1))
        return next(((case_id, index) for index in order if index not in done), None)

    def undo(self) -> Box | None:
        """Take back the last edit or decision; its slice becomes the current one.

        Pre-annotations that were drawn since by themselves are taken back on the way.

        Returns
        -------
        tuple or None
            The box around the voxels that changed in `case`, which is another one than before if
            the edit was made there.
        """
        self.record_changes()
        return self._retrace(self._trail.done, self._trail.undone, CaseEditor.undo)

    def redo(self) -> Box | None:
        """Take back the last undo; see `undo`."""
        self.record_changes()
        return self._retrace(self._trail.undone, self._trail.done, CaseEditor.redo)

    def away(self, *, redo: bool = False) -> list[int]:
        """Return the cases that undo, or redo, would first have to read."""
        steps = steps_back(self._trail.undone if redo else self._trail.done)
        return list(dict.fromkeys(s.case_id for s in steps if not self.in_memory(s.case_id)))

    def _current(self) -> tuple[CaseEditor, int]:
        if self._editor is None or self.index is None:
            raise InputError("No slice is open; open one from the queue first.")
        return self._editor, self.index

    def _set_mark(self, mark: SliceMark, kind: str) -> None:
        self.record_changes()
        editor, index = self._current()
        editor.set_mark(index, mark, kind)
        self._did(editor.case_id)

    def _put(self, labels: NDArray[np.uint8], kind: str, mark: SliceMark) -> Box | None:
        self.record_changes()
        editor, index = self._current()
        box = editor.put(index, labels, kind, mark)
        self._did(editor.case_id)
        return box

    def _measure(self) -> None:
        """Store what the slice cost, and how much was left of the pre-annotation that was shown."""
        editor, index = self._current()
        entry = self._queue.entry(editor.case_id, index)
        run_id = entry.run_id if entry and entry.shown else None
        spent = self._watch.take((editor.case_id, index))
        found = effort_measurements(editor.case_id, self.plane, index, spent, run_id)
        agreed = self._agreement(run_id, audit=entry.proposal.audit) if entry and run_id else None
        if agreed is not None:
            found.append(agreement_measurement(editor.case_id, self.plane, index, agreed))
        self.project.catalogue.measure(*found)
        self._log.add(*found)

    def _agreement(self, run_id: str, *, audit: bool) -> SliceAgreement | None:
        """Return how much of a run's labels is left in the current slice, if they are at hand."""
        editor, index = self._current()
        predicted = self.case.predicted if self.case else None
        if predicted is None or predicted.run_ids[index] != run_id:
            return None
        shown, left = (
            slice_of(labels, self.plane, index) for labels in (predicted.labels, editor.labels)
        )
        values = [label.value for label in self.project.schema.active]
        shows = bool(np.isin([shown, left], values).any())
        return SliceAgreement(agreement(shown, left, values), run_id, audit, shows)

    def _did(self, case_id: int, *, automatic: bool = False) -> None:
        self._trail.did(Step(case_id, automatic))

    def _retrace(
        self, steps: list[Step], other: list[Step], move: Callable[[CaseEditor], Edit | None]
    ) -> Box | None:
        """Move steps from one end of the trail to the other."""
        changed: list[Edit] = []
        for step in steps_back(steps):
            same = self.case is not None and self.case.case.id == step.case_id
            self._bring_up(step.case_id, self.index if same else None)
            assert self._editor is not None
            edit = move(self._editor)
            steps.pop()
            if edit is not None:
                other.append(step)
                changed.append(edit)
                if edit.box is not None:
                    self._editor.resolve(edit.box, self.project.schema)
                self._follow(edit)
        here = self._editor.case_id if self._editor else None
        return joined_box(edit.box for edit in changed if edit.case_id == here)

    def _follow(self, edit: Edit) -> None:
        """Make a slice of the edit current, and let slices that wait again back into the queue."""
        indices = [index for plane, index in edit.states if plane == self.plane]
        if self.index not in indices:
            self.index = indices[0] if indices else self.index
        for index in indices:
            change = edit.states[self.plane, index]
            if change.new.state in OPEN and change.old.state in DONE:
                self._queue.bring_back(edit.case_id, index, "taken back to be looked at again")
