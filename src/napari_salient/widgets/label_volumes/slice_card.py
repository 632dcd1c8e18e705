"""Which slice is open, how far it is, why it was proposed, and whether all of it is on disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget
from superqt import QElidingLabel

from napari_salient.data.planes import axis_of
from napari_salient.project.states import INTERPOLATED
from napari_salient.widgets.label_volumes.words import (
    HELD_OUT,
    STATE_COLORS,
    bridge_text,
    place_text,
    state_text,
)

if TYPE_CHECKING:
    from napari_salient.active_learning.session import LabellingSession

GOOD, WAITING, BAD, QUIET = "#2fbf8f", "#f0e442", "#ff9a8a", "#c8ccd2"


class SliceCard(QWidget):
    """Three lines at the top of the page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place = QElidingLabel("Nothing is open")
        self.place.setStyleSheet("font-weight: bold; font-size: 11pt;")
        self.state, self.reason, self.saved = QLabel(), QLabel(), QLabel()
        self.reason.setWordWrap(True)
        self.saved.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for label, name in (
            (self.place, "Open slice"),
            (self.state, "State of the slice"),
            (self.reason, "Why it was proposed"),
            (self.saved, "Whether the work is saved"),
        ):
            label.setAccessibleName(name)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(2)
        layout.setColumnStretch(0, 1)
        layout.addWidget(self.place, 0, 0)
        layout.addWidget(self.saved, 0, 1)
        layout.addWidget(self.state, 1, 0, 1, 2)
        layout.addWidget(self.reason, 2, 0, 1, 2)

    def show_slice(self, session: LabellingSession) -> None:
        """Show the session's current slice."""
        case, index = session.case, session.index
        if case is None or index is None:
            return
        count = case.labels.shape[axis_of(session.plane)]
        self.place.setText(place_text(case.case.name, session.plane, index, count))
        record = session.project.journal.slice_state(case.case.id, session.plane, index)
        self.state.setText(state_text(record.mark))
        self.state.setStyleSheet(f"color: {STATE_COLORS[record.state]};")
        held_out = HELD_OUT.get(case.case.split, "")
        self.reason.setStyleSheet(f"color: {WAITING if held_out else QUIET};")
        if held_out:
            self.reason.setText(held_out)
            return
        proposed = [p for p in session.queue if (p.case_id, p.index) == (case.case.id, index)]
        why = f"Why: {proposed[0].reason}" if proposed else "Not in the queue"
        bridge = session.bridge()
        if bridge is not None:
            between = bridge_text(bridge, session.interpolation_dice(bridge.gap))
            asked_for = proposed and record.note != INTERPOLATED
            why = f"{why} · {between}" if asked_for else between
        self.reason.setText(why)

    def show_opening(self, name: str) -> None:
        """Say that a case is being read."""
        self.place.setText(f"Opening {name} …")

    def show_saved(self) -> None:
        """Say that everything is on disk."""
        self._say(f"● Saved {time.strftime('%H:%M:%S')}", GOOD)

    def show_unsaved(self) -> None:
        """Say that something is not on disk yet."""
        self._say("○ Saving …", WAITING)

    def show_failed(self) -> None:
        """Say that something could not be written."""
        self._say("✕ Not saved", BAD)

    def _say(self, text: str, color: str) -> None:
        self.saved.setText(text)
        self.saved.setStyleSheet(f"color: {color};")
