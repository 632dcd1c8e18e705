"""What the next undo has to take back, when one goes back over several cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_salient.project.edits import Edit
    from napari_salient.project.journal import Journal

PRE_ANNOTATION = "pre-annotation"
"""Kind of the rows that nobody asked for: the model's labels on a slice that was opened."""

LENGTH = 500
"""Rows of the journal that are looked at after a restart."""


class Step(NamedTuple):
    """An edit of a case, and whether it was made by itself rather than by the annotator."""

    case_id: int
    automatic: bool = False


class Trail:
    """The edits that still stand, and those taken back, newest last.

    The journal undoes case by case; an annotator undoes what was done last, wherever that was.
    """

    def __init__(self) -> None:
        self.done: list[Step] = []
        self.undone: list[Step] = []

    @classmethod
    def of(cls, edits: Iterable[Edit]) -> Trail:
        """Rebuild the trail from rows of the journal, oldest first."""
        trail = cls()
        for edit in edits:
            if edit.kind == "undo":
                _move_last(edit.case_id, trail.done, trail.undone)
            elif edit.kind == "redo":
                _move_last(edit.case_id, trail.undone, trail.done)
            elif not _of_the_queue(edit):
                trail.did(Step(edit.case_id, edit.kind == PRE_ANNOTATION))
        return trail

    def did(self, step: Step) -> None:
        """Note an edit that undo can take back."""
        self.done.append(step)
        self.undone.clear()


def steps_back(steps: list[Step]) -> list[Step]:
    """Return what one undo takes back, newest first: the annotator's last step and all after it.

    Where only automatic steps are left it is one of them.
    """
    mine = [position for position, step in enumerate(steps) if not step.automatic]
    return steps[mine[-1] if mine else -1 :][::-1]


def recent_edits(journal: Journal) -> Iterator[Edit]:
    """Yield the last rows of the journal, oldest first."""
    last = max((record.edit for record in journal.slice_states()), default=0)
    return journal.edits(since=max(0, last - LENGTH))


def _of_the_queue(edit: Edit) -> bool:
    return edit.box is None and all(change.new.is_queue for change in edit.states.values())


def _move_last(case_id: int, source: list[Step], target: list[Step]) -> None:
    """Move the last step of a case; its edit may be older than the trail."""
    for position in reversed(range(len(source))):
        if source[position].case_id == case_id:
            target.append(source.pop(position))
            return
