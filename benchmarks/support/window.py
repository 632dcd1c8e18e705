"""napari's real window with the panel on a sample project, for scripts that measure it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtWidgets import QApplication, QWidget

from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason
from napari_salient.widgets.demo.oracle import Oracle
from napari_salient.widgets.demo.project import sample_project_job
from napari_salient.widgets.launch import docked_panel
from support.training import WARM_STEPS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.active_learning.settings import LoopSettings
    from napari_salient.engine.run import Run
    from napari_salient.widgets.label_volumes.desk import Desk

LOOK_MS = 20
PATIENCE_S = 180.0


def make_sample_project(folder: Path) -> Path:
    """Make brain volumes and a project of them; return the project's folder."""
    for event in sample_project_job(folder, Control()):
        if isinstance(event, Finished) and event.reason is FinishReason.COMPLETED:
            return folder / "project"
    sys.exit(f"The sample project could not be made in {folder}.")


class SampleWindow:
    """The window, with a project open and its first slices labelled.

    Parameters
    ----------
    folder
        Holds the volumes' true ``labels/`` and the ``project/``.
    settings
        Of the labelling loop.
    labelled
        Slices labelled before the window is given over.
    """

    def __init__(self, folder: Path, settings: LoopSettings, labelled: int) -> None:
        self.viewer, self.panel = docked_panel()
        self.oracle = Oracle(folder / "labels")
        self.panel.open_project(folder / "project", settings)
        self.wait(lambda: self.panel.bench is not None and self.desk.here is not None)
        self.oracle.label_first(self.session, labelled)
        self.desk.begin()
        self.rest(1.0)

    @property
    def bench(self) -> Any:
        """The workbench of the open project."""
        assert self.panel.bench is not None
        return self.panel.bench

    @property
    def desk(self) -> Desk:
        """The annotator's desk."""
        return self.bench.desk  # type: ignore[no-any-return]

    @property
    def session(self) -> LabellingSession:
        """The session behind the panel."""
        return self.bench.session  # type: ignore[no-any-return]

    @property
    def canvas(self) -> QWidget:
        """The widget that OpenGL draws into and that takes mouse and keys."""
        widgets = self.panel.window().findChildren(QWidget)
        return next(w for w in widgets if "CanvasBackend" in type(w).__name__)

    def rest(self, seconds: float) -> None:
        """Let the event loop run."""
        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        _enter(loop)

    def wait(self, condition: Callable[[], bool], look_ms: int = LOOK_MS) -> None:
        """Let the event loop run until something is the case."""
        loop, timer, begun = QEventLoop(), QTimer(), time.monotonic()
        timer.timeout.connect(
            lambda: loop.quit() if condition() or time.monotonic() > begun + PATIENCE_S else None
        )
        timer.start(look_ms)
        _enter(loop)
        timer.stop()
        if not condition():
            sys.exit(f"The window did not get there in {PATIENCE_S:.0f} s.")

    def start_training(self) -> Run:
        """Start a round and return its run once it takes steps."""
        self.bench.trainer.start()
        bar = self.bench.controls.bar
        self.wait(lambda: bar.format().startswith("step") and bar.value() >= WARM_STEPS)
        return self.bench.trainer.run  # type: ignore[no-any-return]

    def stop_training(self) -> None:
        """Cancel the round and wait until it has saved."""
        self.bench.controls.cancel_run()
        self.wait(lambda: not self.bench.trainer.running)
        self.rest(0.5)

    def finish_round(self) -> None:
        """Train a round to its end and put its model to use."""
        self.bench.trainer.start()
        self.wait(lambda: not self.bench.trainer.running)
        self.rest(1.0)

    def close(self) -> None:
        """Close the window."""
        self.viewer.close()
        QApplication.processEvents()


def _enter(loop: QEventLoop) -> None:
    (loop.exec if hasattr(loop, "exec") else loop.exec_)()
