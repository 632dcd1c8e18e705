"""The sample session without a person: the oracle presses the keys and takes pictures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Qt, QTimer
from qtpy.QtTest import QTest

from napari_salient.widgets.demo.pointing import picture_repairs, point_and_undo
from napari_salient.widgets.demo.project import BATCH
from napari_salient.widgets.demo.summary import write_summary
from napari_salient.widgets.pool_cells import Cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_salient.widgets.demo.oracle import Oracle
    from napari_salient.widgets.label_volumes import LabelVolumes
    from napari_salient.widgets.label_volumes.workbench import Workbench

    Steps = Iterator[Callable[[], bool]]

LOOK_MS = 25
REST_S = 0.4
"""Time for the window to draw before its picture is taken."""
LIMIT_S = 1200.0
ROUNDS = 2


class Script(QObject):
    """Works through steps; each names what has to be the case before the next one."""

    def __init__(self, viewer: Any, panel: LabelVolumes, oracle: Oracle, pictures: Path) -> None:
        super().__init__()
        self.failure: str | None = None
        self._viewer, self._panel, self._oracle = viewer, panel, oracle
        self._pictures = pictures
        self._started = time.monotonic()
        self._steps: Steps = self._session()
        self._ready: Callable[[], bool] = lambda: True
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """Begin with the next turn of the event loop."""
        self._timer.start()

    def _look(self) -> None:
        try:
            if time.monotonic() - self._started > LIMIT_S:
                raise TimeoutError(f"it was not done after {LIMIT_S:.0f} s")
            if self._panel.set_up.problem.text():
                raise RuntimeError(self._panel.set_up.problem.text())
            if self._ready():
                self._ready = next(self._steps)
        except StopIteration:
            self._end(None)
        except Exception as error:  # whatever it is, the window has to close and the exit code tell
            self._end(str(error) or type(error).__name__)

    def _end(self, failure: str | None) -> None:
        self.failure = failure
        self._timer.stop()
        self._viewer.close()

    @property
    def _bench(self) -> Workbench:
        assert self._panel.bench is not None
        return self._panel.bench

    def _session(self) -> Steps:
        self._pictures.mkdir(parents=True, exist_ok=True)
        yield lambda: self._panel.bench is not None and self._bench.desk.here is not None
        yield from self._picture("1-opened")
        for number in range(1, ROUNDS + 1):
            yield from self._label(BATCH, f"{2 * number}-labelling")
            yield from self._train(f"{2 * number + 1}-training")
        yield from self._label(BATCH // 2, None)
        yield from self._look_between()
        yield from point_and_undo(self._bench, self._oracle, self._picture)
        picture_repairs(self._bench, self._pictures / "repairs.png")
        yield from self._look_around()
        self._bench.model_page.curve.grab().save(str(self._pictures / "learning-curve.png"))
        write_summary(self._pictures, self._bench.session, time.monotonic() - self._started)

    def _label(self, count: int, picture: str | None) -> Steps:
        for done in range(count):
            desk = self._bench.desk
            here = desk.here
            if picture is not None and done == count // 2:
                yield from self._picture(picture)
            self._oracle.paint(desk)
            yield lambda desk=desk: not desk.view.recorder.pending  # type: ignore[misc]
            self._press(Qt.Key.Key_A)
            yield lambda desk=desk, here=here: not desk.busy and desk.here != here  # type: ignore[misc]

    def _train(self, picture: str) -> Steps:
        trainer, before = self._bench.trainer, len(self._bench.session.curve())
        if not trainer.running:
            self._press(Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
        bar = self._bench.controls.bar
        yield lambda: bar.value() > 0 or not trainer.running
        yield from self._picture(picture)
        yield lambda: not trainer.running
        if len(self._bench.session.curve()) == before:
            raise RuntimeError(self._panel.notice.text() or "a round of training was lost")

    def _look_between(self) -> Steps:
        """Open a slice between two labelled ones, and come back."""
        desk, cells = self._bench.desk, self._bench.label_page.map.cells
        here, places = desk.here, np.flatnonzero(cells.states == Cell.INTERPOLATED)
        if here is None or not places.size:
            return
        place = places[len(places) // 2]
        row = int(np.searchsorted(cells.starts, place, "right")) - 1
        desk.go_to(cells.case_ids[row], int(place - cells.starts[row]))
        yield lambda: desk.preview.showing
        yield from self._picture("9-interpolated")
        desk.go_to(*here)
        yield lambda: desk.here == here

    def _look_around(self) -> Steps:
        self._press(Qt.Key.Key_D)
        yield from self._picture("6-uncertainty")
        self._press(Qt.Key.Key_D)
        for key, name in ((Qt.Key.Key_F3, "7-model"), (Qt.Key.Key_F1, "8-keys")):
            self._press(key)
            yield from self._picture(name)

    def _press(
        self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        QTest.keyClick(self._panel, key, modifier)

    def _picture(self, name: str) -> Steps:
        until = time.monotonic() + REST_S
        yield lambda: time.monotonic() > until
        path = str(self._pictures / f"{name}.png")
        self._viewer.screenshot(path, canvas_only=False, flash=False)
