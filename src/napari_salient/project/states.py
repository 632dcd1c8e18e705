"""What is known about one slice: how far its label has come, and how it got there."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_salient.data.planes import Plane

    SliceKey = tuple[Plane, int]
    Marks = Mapping[SliceKey, "SliceMark | tuple[SliceState, str] | tuple[SliceState, str, bool]"]


class SliceState(enum.StrEnum):
    """How far the label of a slice has come."""

    UNLABELLED = "unlabelled"
    PROPOSED = "proposed"
    DRAFT = "draft"
    ACCEPTED = "accepted"
    SENT_BACK = "sent_back"


PREDICTION = "prediction"
"""Note of a draft that nobody has touched since the model drew it."""
EDITED = "edited"
"""Note of a slice that somebody painted on."""
PROMPTED = "prompted"
"""Note of a slice that a prompt, a repair or a stroke changed while another one was open."""
INTERPOLATED = "interpolated"
"""Note of a slice whose label was interpolated between its labelled neighbours."""
EMPTY = "empty"
"""Note of a slice that shows no class at all."""
UNSURE_NOTE = "unsure"
"""Note of a slice that the annotator could not decide."""
REJECTED = "rejected"
"""Note of a slice whose pre-annotation was refused."""
IMPORTED = "imported"
"""Note of a slice whose label came from a file."""


class SliceMark(NamedTuple):
    """The state of a slice, how it came about, and whether its label is a pseudo-label."""

    state: SliceState = SliceState.UNLABELLED
    note: str = ""
    pseudo: bool = False

    @property
    def is_queue(self) -> bool:
        """Whether the mark only says if the slice is in the queue, and nothing about a label."""
        unlabelled = self.state == SliceState.UNLABELLED and not self.note
        return unlabelled or self.state == SliceState.PROPOSED


def slice_mark(state: str, note: str = "", pseudo: bool = False) -> SliceMark:
    """Return a mark from plain values; raise `ValueError` for a state that does not exist."""
    return SliceMark(SliceState(state), note, bool(pseudo))


class MarkChange(NamedTuple):
    """The mark of a slice before and after an edit."""

    old: SliceMark
    new: SliceMark


@dataclass(frozen=True)
class SliceRecord:
    """A slice of a case and its mark; `edit` is the journal row that set it, 0 for none."""

    case_id: int
    plane: Plane
    index: int
    state: SliceState = SliceState.UNLABELLED
    note: str = ""
    pseudo: bool = False
    edit: int = 0

    @property
    def mark(self) -> SliceMark:
        """The part of the record that an edit changes."""
        return SliceMark(self.state, self.note, self.pseudo)
