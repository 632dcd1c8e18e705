"""The reader's keys. None of them is a key that napari's labels layer uses, but the digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.widgets.keys import Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_salient.widgets.inspect_caries.desk import ReadingDesk
    from napari_salient.widgets.inspect_caries.reading_page import ReadingPage

DECIDE, PAINT, LOOK, PANEL = "Decide", "Paint", "Look", "Panel"
GROUPS = (DECIDE, PAINT, LOOK, PANEL)
BUTTONS = (("Accept", "Reject"), ("Before", "Next"), ("Undo", "Redo"))
"""What the buttons for the first keys of `reading_keys` are called, row by row."""


def reading_keys(desk: ReadingDesk, page: ReadingPage) -> list[Key]:
    """Return the keys that decide about candidates and move between radiographs."""
    return [
        Key("A", "Accept the candidate: include it", desk.accept, DECIDE),
        Key("R", "Reject the candidate: exclude it", desk.reject, DECIDE),
        Key("Shift-N", "The radiograph before", lambda: desk.step(-1), DECIDE),
        Key("N", "Next radiograph", lambda: desk.step(1), DECIDE),
        Key("Control-Z", "Undo on this radiograph, also after a restart", desk.undo, DECIDE),
        Key("Control-Shift-Z", "Redo", lambda: desk.undo(redo=True), DECIDE),
        Key("W", "All of the radiograph is examined, or not", page.examined.click, DECIDE),
        Key("C", "Next candidate", lambda: desk.step_candidate(1), LOOK),
        Key("Shift-C", "The candidate before", lambda: desk.step_candidate(-1), LOOK),
        Key("D", "Next map, or none", page.next_map, LOOK),
        Key("T", "What included regions do to the score", page.next_mode, LOOK),
        Key("S", "Show or hide the regions", desk.toggle_regions, LOOK),
        Key("O", "All of the radiograph in sight", desk.frame, LOOK),
    ]


def brush_keys(desk: ReadingDesk) -> list[Key]:
    """Return the key of each kind of region."""

    def paint(value: int) -> Callable[[], None]:
        return lambda: desk.select_class(value)

    kinds = desk.session.project.schema.active
    return [Key(kind.key, f"Paint {kind.name}", paint(kind.value), PAINT) for kind in kinds]
