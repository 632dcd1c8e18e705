"""The annotator's keys. None of them is a key that napari's labels layer uses, but the digits.

napari has a letter for each of its drawing tools as well, so that the digits are free for the
label classes: E erases, P paints, F fills, L picks, Z moves the view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.active_learning.session import LabellingSession
from napari_salient.widgets.keys import Key
from napari_salient.widgets.label_volumes.prompt_keys import PROMPT

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_salient.project.labels import LabelSchema
    from napari_salient.widgets.label_volumes.desk import Desk

DECIDE, PAINT, LOOK, TRAIN, PAGES = "Decide", "Paint", "Look", "Train", "Pages"
GROUPS = (DECIDE, PAINT, PROMPT, LOOK, TRAIN, PAGES)
BUTTONS = (
    ("Accept, next",),
    ("Reject", "Unsure", "Empty", "Prediction"),
    ("Promote", "Fill", "Back", "Next"),
    ("Undo", "Redo"),
    ("Zoom", "Labels", "Outline", "Doubt"),
)
"""What the buttons for the keys of `decision_keys` are called, row by row."""


def decision_keys(desk: Desk) -> list[Key]:
    """Return the keys that decide about slices and move between them."""

    def decide(key: str, text: str, decision: Callable[[LabellingSession], object]) -> Key:
        return Key(key, text, lambda: desk.decide(decision), DECIDE)

    def edit(key: str, text: str, change: Callable[[LabellingSession], object]) -> Key:
        return Key(key, text, lambda: desk.edit(change), DECIDE)

    session = LabellingSession
    return [
        decide("A", "Accept the slice, open the next", session.accept),
        decide("R", "Reject: the pre-annotation is of no use", session.reject),
        decide("U", "Unsure: it cannot be decided", session.mark_unsure),
        decide("W", "Wipe: accept the slice as empty", session.mark_empty),
        edit("T", "Take the model's prediction again", session.reset_to_prediction),
        Key("I", "Accept the slice as it is interpolated", desk.preview.promote, DECIDE),
        Key("Shift-I", "Fill in drafts between labelled slices", desk.preview.fill, DECIDE),
        Key("Shift-N", "Back to the proposal before", lambda: desk.step(-1), DECIDE),
        Key("N", "Next proposal, this one stays as it is", lambda: desk.step(1), DECIDE),
        Key("Control-Z", "Undo, decisions too, also after a restart", desk.undo, DECIDE),
        Key("Control-Shift-Z", "Redo", lambda: desk.undo(redo=True), DECIDE),
        Key("O", "Only the object, or the whole slice", desk.view.toggle_zoom, LOOK),
        Key("S", "Show or hide the labels", desk.view.toggle_labels, LOOK),
        Key("Q", "Outlines of the labels, or filled", desk.view.toggle_outlines, LOOK),
        Key("D", "Doubt: show where the model is unsure", desk.view.layers.toggle_map, LOOK),
        Key("Shift-Q", "Outlines of what was interpolated", desk.preview.toggle, LOOK),
    ]


def class_keys(schema: LabelSchema, desk: Desk) -> list[Key]:
    """Return the key of each label class that has one."""

    def paint(value: int) -> Callable[[], None]:
        return lambda: desk.view.select_class(value)

    keyed = [label for label in schema.active if label.key]
    return [Key(label.key, f"Paint {label.name}", paint(label.value), PAINT) for label in keyed]
