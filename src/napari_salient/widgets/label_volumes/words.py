"""What the panel says, in words: places, states, counts, times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.project import states
from napari_salient.project.states import SliceMark, SliceState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_salient.active_learning.effort import Effort
    from napari_salient.active_learning.interpolating import Bridge
    from napari_salient.active_learning.progress import Counts
    from napari_salient.data.planes import Plane

_STATES = {
    SliceState.UNLABELLED: "not labelled",
    SliceState.PROPOSED: "proposed, nothing drawn yet",
    SliceState.DRAFT: "draft",
    SliceState.ACCEPTED: "accepted",
    SliceState.SENT_BACK: "sent back",
}
_NOTED = {
    (SliceState.DRAFT, states.PREDICTION): "pre-annotated by the model, unchecked",
    (SliceState.DRAFT, states.EDITED): "draft, edited by you",
    (SliceState.DRAFT, states.PROMPTED): "changed from another slice, unchecked",
    (SliceState.DRAFT, states.INTERPOLATED): "interpolated, unchecked",
    (SliceState.ACCEPTED, states.PREDICTION): "accepted as the model drew it",
    (SliceState.ACCEPTED, states.EDITED): "accepted, drawn by you",
    (SliceState.ACCEPTED, states.PROMPTED): "accepted as changed from another slice",
    (SliceState.ACCEPTED, states.INTERPOLATED): "accepted as interpolated",
    (SliceState.ACCEPTED, states.EMPTY): "accepted as empty",
    (SliceState.ACCEPTED, states.IMPORTED): "accepted, imported",
    (SliceState.SENT_BACK, states.REJECTED): "rejected",
    (SliceState.SENT_BACK, states.UNSURE_NOTE): "unsure",
}
SHORT = {
    SliceState.UNLABELLED: "–",
    SliceState.PROPOSED: "new",
    SliceState.DRAFT: "draft",
    SliceState.ACCEPTED: "accepted",
    SliceState.SENT_BACK: "sent back",
}
"""The states as a column of a table has room for them."""

STATE_COLORS = {
    SliceState.UNLABELLED: "#a0a4ab",
    SliceState.PROPOSED: "#f0e442",
    SliceState.DRAFT: "#56b4e9",
    SliceState.ACCEPTED: "#2fbf8f",
    SliceState.SENT_BACK: "#ff8c42",
}
"""The colours of the pool map, light enough for text."""

HELD_OUT: dict[str, str] = {
    "validation": "Validation: measures each round, is not trained on",
    "test": "Test: for the final measurement alone, is not trained on and chooses nothing",
}
"""What the slices of a held-out case are for, by split."""


def state_text(mark: SliceMark) -> str:
    """Return a slice's state: ``draft, edited by you``."""
    return _NOTED.get((mark.state, mark.note), _STATES[mark.state])


def place_text(name: str, plane: Plane, index: int, count: int) -> str:
    """Return a slice's place: ``brain-03 · axial 41 of 96``, counted from 1."""
    return f"{name} · {plane} {index + 1} of {count}"


def bridge_text(bridge: Bridge, dice: float | None) -> str:
    """Return how a slice is interpolated: ``Interpolated from slices 20 and 24, Dice 0.91``."""
    worth = "not measured yet" if dice is None else f"measured Dice {dice:.2f}"
    return f"Interpolated from slices {bridge.first + 1} and {bridge.last + 1}, {worth}"


def effort_text(spent: Mapping[bool, Effort]) -> str:
    """Return what a slice costs, blank and pre-annotated, in a line; empty without any."""
    parts = [
        f"{kind} {found.seconds:.0f} s and {found.strokes:.1f} strokes ({found.slices})"
        for pre_annotated, kind in ((True, "pre-annotated"), (False, "blank"))
        if (found := spent.get(pre_annotated))
    ]
    return f"A slice takes you: {', '.join(parts)}" if parts else ""


def counts_text(counts: Counts, volumes: int) -> str:
    """Return how far the labelling is, in a line."""
    waiting = counts.proposed + counts.draft
    return (
        f"{counts.accepted} of {counts.slices} slices accepted in {counts.volumes} of {volumes} "
        f"volumes · {waiting} waiting · {counts.sent_back} sent back"
    )
