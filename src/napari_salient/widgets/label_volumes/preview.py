"""Interpolated slices before the annotator's eyes, and the two ways to put them to use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_salient.active_learning.session import LabellingSession
from napari_salient.data.planes import axis_of
from napari_salient.engine.control import Control
from napari_salient.project.states import INTERPOLATED
from napari_salient.widgets.label_volumes.ghost import Ghost
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.interpolating import Bridge
    from napari_salient.engine.events import Finished
    from napari_salient.widgets.label_volumes.desk import Desk

LOOK_FIRST = "These outlines are what was interpolated; the same key again accepts them."


class Preview(QObject):
    """Has bridges worked out in a worker, so that no slice opens later for their sake."""

    def __init__(self, desk: Desk, owner: QWidget) -> None:
        super().__init__(owner)
        self.wanted = True
        self.ghost = Ghost(desk.view.viewer)
        self._desk, self._owner = desk, owner
        self._shown: Bridge | None = None
        self._computing: set[Bridge] = set()
        desk.changed.connect(self.follow)
        desk.view.case_shown.connect(self._leave_case)

    @property
    def showing(self) -> bool:
        """Whether the outlines of what the open slice could be can be seen."""
        bridge = self._desk.session.bridge()
        return bridge is not None and bridge is self._shown and self.ghost.visible

    def follow(self) -> None:
        """Show what the open slice could be, if it lies in between and shows nothing of it yet."""
        bridge = self._called_for()
        if bridge is not self._shown and self._in_sight():
            self.ghost.hide()
        if bridge is not None and bridge not in self._computing:
            self._when_known([bridge], lambda: self._show(bridge))

    def toggle(self) -> None:
        """Show interpolated slices as outlines, or leave that; stays so for the next ones."""
        self.wanted = not self.wanted
        if not self.wanted:
            self.ghost.hide()
        self.follow()

    def promote(self) -> None:
        """Accept the open slice as it is interpolated, if that can be seen, and go on."""
        desk = self._desk
        desk.settle()
        if self.showing or self._filled() or desk.session.bridge() is None:
            desk.decide(LabellingSession.promote)
        else:
            self.wanted = True
            self.follow()
            desk.told.emit(LOOK_FIRST, "info")

    def fill(self) -> None:
        """Draw drafts into the slices between the labelled ones around the open one."""
        desk, here = self._desk, self._desk.here
        desk.settle()
        bridges = desk.session.bridges()

        def draw() -> None:
            if desk.here == here:
                desk.edit(LabellingSession.fill_between)

        self._when_known(bridges, draw)

    def close(self) -> None:
        """Take the outlines out of the viewer."""
        self._desk.changed.disconnect(self.follow)
        self.ghost.remove()

    def _show(self, bridge: Bridge) -> None:
        session, like = self._desk.session, self._desk.view.layers.labels
        if like is None or self._called_for() is not bridge:
            return
        if bridge is not self._shown or not self.ghost.visible:
            axis, schema = axis_of(session.plane), session.project.schema
            self.ghost.show(bridge.labels, bridge.first + 1, axis, like, schema)
            self._shown = bridge

    def _when_known(self, bridges: Sequence[Bridge], then: Callable[[], object]) -> None:
        """Do something once bridges are computed: at once, or when a worker has done it."""
        if all(bridge.computed for bridge in bridges):
            then()
            return

        def ended(finished: Finished) -> None:
            self._computing.difference_update(bridges)
            if finished.error is not None:
                self._desk.told.emit(sentence_of(finished.error), "error")
            else:
                then()

        def compute() -> None:
            for bridge in bridges:
                bridge.labels  # noqa: B018 (kept where it is computed)

        self._computing.update(bridges)
        start_job(
            compute, Control(), on_finished=ended, name="Interpolating slices", owner=self._owner
        )

    def _called_for(self) -> Bridge | None:
        """Return what the open slice could be, if that is to be seen and not drawn already."""
        return self._desk.session.bridge() if self.wanted and not self._filled() else None

    def _in_sight(self) -> bool:
        """Whether the open slice is one of those that have outlines; hiding them costs 10 ms."""
        shown, here = self._shown, self._desk.here
        return shown is not None and here is not None and here[1] in shown.indices

    def _filled(self) -> bool:
        """Whether the open slice shows its interpolated labels already."""
        session, here = self._desk.session, self._desk.here
        if here is None:
            return False
        record = session.project.journal.slice_state(here[0], session.plane, here[1])
        return record.note == INTERPOLATED

    def _leave_case(self) -> None:
        self._shown = None
        if self._desk.view.layers.labels is not None:
            self.ghost.leave(self._desk.view.layers.labels)
