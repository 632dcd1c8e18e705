"""What lies between two labelled slices of the open case: looked at, accepted, filled in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.annotation import DONE, Annotation
from napari_salient.active_learning.interpolation import LONGEST_GAP, interpolate
from napari_salient.active_learning.interpolation.between import pixel_spacing
from napari_salient.active_learning.rounds import RoundResult
from napari_salient.data.planes import slice_of
from napari_salient.errors import InputError, RunError
from napari_salient.project.states import EDITED, INTERPOLATED, SliceMark, SliceState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.active_learning.interpolation import InterpolationQuality
    from napari_salient.active_learning.training_set import Place
    from napari_salient.project.edits import Box
    from napari_salient.project.project import Project
    from napari_salient.project.states import SliceRecord

PROMOTE, FILL = "promote", "fill between"
INTERPOLATED_DRAFT = SliceMark(SliceState.DRAFT, INTERPOLATED, pseudo=True)


@dataclass(frozen=True, eq=False)
class Bridge:
    """Two labelled slices of a case with nothing labelled in between.

    Parameters
    ----------
    case_id, first, last
        The case, and the two slices along the project's plane.
    ends : two uint8 arrays, each (row, column)
        Copies of their label values.
    pixel
        Size of a pixel in mm (row, column).
    """

    case_id: int
    first: int
    last: int
    ends: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    pixel: tuple[float, float]

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        """The slices in between, shape (slice, row, column).

        Computed when they are first asked for, in whatever thread that is.
        """
        return interpolate(*self.ends, self.last - self.first - 1, self.pixel)

    @property
    def computed(self) -> bool:
        """Whether the labels are there already."""
        return "labels" in vars(self)

    @property
    def gap(self) -> int:
        """Slices from one end to the other."""
        return self.last - self.first

    @property
    def indices(self) -> range:
        """The slices in between."""
        return range(self.first + 1, self.last)

    def slice_labels(self, index: int) -> NDArray[np.uint8]:
        """Return the labels (row, column) of a slice in between."""
        pixels: NDArray[np.uint8] = self.labels[index - self.first - 1]
        return pixels


class Interpolating(Annotation):
    """The part of a session that bridges labelled slices of the pool.

    Labelled is what was accepted, and what the annotator drew. Interpolated slices count as labels
    once somebody has accepted them, and not before.
    """

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self._bridges: dict[Place, Bridge] = {}
        self._measured: tuple[str | None, InterpolationQuality | None] = (None, None)

    def bridge(self) -> Bridge | None:
        """Return what the current slice lies in between; the same one while nothing changed.

        `None` where the slice is labelled, where nothing is labelled on one of its sides, or where
        the two lie too far apart to be bridged unseen.
        """
        found = [] if self._is_labelled(self.index) else self.bridges()
        return next((bridge for bridge in found if bridge.gap <= LONGEST_GAP), None)

    def bridges(self) -> list[Bridge]:
        """Return the bridges that the current slice is part of: two where it is an end of both."""
        case, here = self.case, self.index
        if case is None or here is None or case.case.split != "pool":
            return []
        spans = [s for s in pairwise(self._labelled()) if s[0] <= here <= s[1] and s[1] - s[0] > 1]
        found = {(first, last): self._known(first, last) for first, last in spans}
        self._bridges = {(b.case_id, b.first): b for b in found.values()}
        return list(found.values())

    def interpolation_dice(self, gap: int) -> float | None:
        """Return the Dice that interpolation reached across such a gap, as the round in use says.

        `None` before it was measured on enough slices.
        """
        run_id = self._round.run_id if self._round else None
        if run_id != self._measured[0]:
            self._measured = run_id, self._quality_of(run_id)
        quality = self._measured[1]
        return quality.measured(gap) if quality else None

    def promote(self) -> Box | None:
        """Put the interpolated labels on the current slice and accept it, in one row.

        A draft that was interpolated before is accepted as it is, whatever became of its ends.

        Raises
        ------
        InputError
            If there is nothing to interpolate it from; see `bridge`.
        """
        self.record_changes()
        editor, index = self._current()
        if editor.mark(index) == INTERPOLATED_DRAFT:
            self.accept()
            return None
        bridge = self.bridge()
        if bridge is None:
            raise InputError(self._why_not())
        accepted = SliceMark(SliceState.ACCEPTED, INTERPOLATED)
        box = self._put(bridge.slice_labels(index), PROMOTE, accepted)
        self._measure()
        return box

    def fill_between(self) -> Box | None:
        """Draw drafts between the labelled slices around the current one, in one row.

        If that is labelled itself, both its sides are filled. Slices that somebody decided about
        stay as they are. The drafts come first in the queue, the current slice before the others.

        Raises
        ------
        InputError
            If there is nothing to fill.
        """
        self.record_changes()
        editor, _ = self._current()
        drafts = {
            index: bridge.slice_labels(index)
            for bridge in self.bridges()
            for index in bridge.indices
            if editor.mark(index).state not in DONE
        }
        if not drafts:
            raise InputError(self._why_not())
        box = editor.put_all(drafts, FILL, INTERPOLATED_DRAFT)
        self._did(editor.case_id)
        self.queue_drafts(drafts, "interpolated, to be checked")
        return box

    def _known(self, first: int, last: int) -> Bridge:
        """Return the bridge between two labelled slices, the one from before if it still holds."""
        assert self.case is not None
        case = self.case
        ends = slice_of(case.labels, self.plane, first), slice_of(case.labels, self.plane, last)
        before = self._bridges.get((case.case.id, first))
        if before and before.last == last and all(map(np.array_equal, before.ends, ends)):
            return before
        pixel = pixel_spacing(case.header.spacing, self.plane)
        return Bridge(case.case.id, first, last, (ends[0].copy(), ends[1].copy()), pixel)

    def _labelled(self) -> list[int]:
        """Return the slices of the open case that interpolation may start from, ascending."""
        assert self.case is not None
        records = self.project.journal.slice_states(self.case.case.id)
        return sorted(r.index for r in records if r.plane == self.plane and _is_label(r))

    def _is_labelled(self, index: int | None) -> bool:
        if self.case is None or index is None:
            return False
        return _is_label(self.project.journal.slice_state(self.case.case.id, self.plane, index))

    def _accepted_as_interpolated(self) -> frozenset[Place]:
        records = self.project.journal.slice_states(state=SliceState.ACCEPTED)
        ours = (r for r in records if r.plane == self.plane and r.note == INTERPOLATED)
        return frozenset((r.case_id, r.index) for r in ours)

    def _quality_of(self, run_id: str | None) -> InterpolationQuality | None:
        try:
            result = RoundResult.read(self.project.runs_dir / run_id) if run_id else None
        except RunError:
            return None
        return result.interpolation if result else None

    def _why_not(self) -> str:
        """Say why there is nothing to interpolate at the current slice."""
        assert self.case is not None
        assert self.index is not None
        here = f"Slice {self.index + 1} of '{self.case.case.name}'"
        if self.case.case.split != "pool":
            return f"{here} is held out to measure the model; draw it yourself."
        far = self.bridges()
        if self._is_labelled(self.index):
            beside = (
                "; fill in drafts beside it" if far else ", and there is nothing to fill beside it"
            )
            return f"{here} is labelled already{beside}."
        if not far:
            return f"{here} needs a labelled slice on both of its sides; label one on each first."
        first, last = far[0].first + 1, far[0].last + 1
        return (
            f"{here} lies between {first} and {last}, which are too far apart to accept it unseen; "
            "fill between them to get drafts, or label one in between."
        )


def _is_label(record: SliceRecord) -> bool:
    drawn = record.state is SliceState.DRAFT and record.note == EDITED
    return record.state is SliceState.ACCEPTED or drawn
