"""The pictures of the panel "Pretrain", from a real pretraining on the sample brains."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_salient.widgets.pretrain import Pretrain

STEPS, BATCH, CROP = 200, 8, 64
"""So that it takes some minutes."""
PATIENCE_S = 1800.0
LOOK_MS = 50
REST_MS = 1500
"""Time for the window to draw."""


def picture_pretraining(volumes: Path, images: Path) -> None:
    """Set up, preview, train and look at an encoder, and keep pictures of it."""
    from napari_salient.engine.llvm import guard_before_window

    guard_before_window()
    import napari

    with contextlib.chdir(volumes.parent):
        _picture_session(
            napari.Viewer(title="napari-salient"), Path(volumes.name), images.absolute()
        )


def _picture_session(viewer: Any, volumes: Path, images: Path) -> None:
    from napari_salient.widgets.pretrain import Pretrain

    viewer.window.resize(1500, 950)
    panel = Pretrain(viewer)
    viewer.window.add_dock_widget(panel, name="Pretrain", area="right")
    page, form = panel.run_page, panel.run_page.set_up
    form.pool.set_path(volumes)
    form.form.editor("crop").value = CROP
    form.form.editor("batch_size").value = BATCH
    form.budget.number.setValue(10)
    wait(lambda: not page.surveyor.busy)
    page.estimate()
    wait(lambda: not panel.controls.running)
    _picture(panel, images / "pretrain-set-up.png")

    drawn: list[bool] = []
    panel.preview_page.shown.connect(lambda: drawn.append(True))
    form.preview.click()
    wait(lambda: drawn)
    picture_window(viewer, images / "pretrain-preview.png")

    panel.pages.setCurrentWidget(page)
    form.budget.set_steps(STEPS)
    panel.controls.start.click()
    wait(lambda: len(page.trainer.history.held_out("accuracy")[0]) >= 8)
    _picture(panel, images / "pretrain-running.png")
    wait(lambda: not panel.controls.running)
    _picture(panel, images / "pretrain-ended.png")

    page.view.features.click()
    panel.feature_page.controls.start.click()
    wait(lambda: panel.feature_page.map is not None)
    middle = abs(panel.feature_page.map.positions - 0.5).argmin()
    panel.feature_page.plot.chosen.emit(int(middle))
    wait(lambda: len(viewer.layers))
    picture_window(viewer, images / "pretrain-features.png")
    viewer.close()


def _picture(panel: Pretrain, target: Path) -> None:
    _rest()
    panel.grab().save(str(target))


def picture_window(viewer: Any, target: Path) -> None:
    """Picture the whole window, without what napari has to say about itself."""
    from napari._qt.dialogs.qt_notification import NapariQtNotification
    from qtpy.QtWidgets import QApplication

    _rest()
    for widget in QApplication.allWidgets():
        if isinstance(widget, NapariQtNotification):
            widget.close()
    viewer.screenshot(str(target), canvas_only=False, flash=False)


def _rest() -> None:
    from qtpy.QtTest import QTest

    QTest.qWait(REST_MS)


def wait(condition: Callable[[], Any]) -> None:
    """Let the window work until a condition holds."""
    from qtpy.QtTest import QTest

    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("The panel did not get there; look at its last run.")
        QTest.qWait(LOOK_MS)
