"""An annotator in front of napari's real window: keys, mouse, and eyes on the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.data.planes import plane_slice
from napari_salient.engine.settings import FitSettings
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project
from napari_salient.project.splits import SplitFractions
from napari_salient.widgets.label_volumes import LabelVolumes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

SIDE = 24
ALL_POOL = SplitFractions(1.0, 0.0, 0.0)
AS_DISPLAYED = np.diag([-1.0, -1.0, -1.0, 1.0])
"""Affine of a file whose axes (x, y, z) are those of the display."""
PATIENCE_MS = 180_000


def truth_of(name: str) -> NDArray[np.uint8]:
    """Return labels ``(z, y, x)``: a ball of class 1, and a brighter one of class 2 beside it."""
    rng = np.random.default_rng(int(name.removeprefix("case-")))
    grid = np.mgrid[:SIDE, :SIDE, :SIDE]
    truth = np.zeros((SIDE,) * 3, np.uint8)
    for value, x in ((1, 7), (2, 17)):
        centre = np.array([12, 12, x]) + rng.integers(-2, 3, 3)
        truth[((grid - centre[:, None, None, None]) ** 2).sum(0) < 25] = value
    return truth


def write_blobs(folder: Path, count: int) -> list[Path]:
    """Write the volumes ``case-0`` … of two balls in noise."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"case-{number}.nii" for number in range(count)]
    for number, path in enumerate(paths):
        noise = np.random.default_rng(number).normal(0, 20, (SIDE,) * 3)
        voxels = 100.0 * truth_of(path.stem) + noise
        nib.save(nib.Nifti1Image(voxels.astype(np.float32).T, AS_DISPLAYED), path)
    return paths


def quick(steps: int = 40, batch: int = 4, *, automatic: bool = False) -> LoopSettings:
    """Return settings with which a round takes a second."""
    fit = FitSettings(steps=steps, save_every=10, threads=1, device="cpu")
    model = SegmentationSettings(width=4, context=0, batch_size=4, augment=False, fit=fit)
    return LoopSettings(batch=batch, train_after_batch=automatic, segmentation=model)


class Annotator:
    """Sits before the panel of one viewer and works with keys and mouse alone."""

    def __init__(self, qtbot: Any, viewer: Any, panel: Any) -> None:
        self.qtbot, self.viewer, self.panel = qtbot, viewer, panel

    @property
    def bench(self) -> Any:
        assert self.panel.bench is not None
        return self.panel.bench

    @property
    def desk(self) -> Any:
        return self.bench.desk

    @property
    def session(self) -> Any:
        return self.bench.session

    @property
    def canvas(self) -> QWidget:
        return next(
            widget
            for widget in self.panel.window().findChildren(QWidget)
            if "CanvasBackend" in type(widget).__name__
        )

    def wait(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)

    def open(self, folder: Path, settings: LoopSettings | None = None) -> None:
        self.panel.open_project(folder, settings or quick())
        self.wait(lambda: self.panel.bench and self.panel.bench.desk.here)
        QApplication.processEvents()

    def press(self, key: Any, *modifiers: Any, on: QWidget | None = None) -> None:
        """Press a key, by default where the focus is."""
        pressed = Qt.KeyboardModifier.NoModifier
        for modifier in modifiers:
            pressed |= modifier
        QTest.keyClick(on or QApplication.focusWidget() or self.canvas, key, pressed)
        QApplication.processEvents()

    def type(self, text: str) -> None:
        QTest.keyClicks(QApplication.focusWidget(), text)

    def decide(self, key: Any) -> None:
        """Press a key that leads on, and wait until the next slice is there."""
        before = self.desk.here
        self.press(key)
        self.wait(lambda: not self.desk.busy and self.desk.here != before)

    def paint_truth(self) -> None:
        """Draw the truth into the open slice, the way a tool of napari writes pixels."""
        session, layer = self.session, self.desk.view.layers.labels
        here = plane_slice(session.plane, session.index)
        truth = np.zeros_like(layer.data)
        truth[here] = truth_of(session.case.case.name)[here]
        for value in (1, 2):
            where = np.nonzero(truth == value)
            if where[0].size:
                layer.data_setitem(where, value)
        self.wait(lambda: not self.desk.view.recorder.pending)

    def label(self, count: int) -> None:
        for _ in range(count):
            self.paint_truth()
            self.decide(Qt.Key.Key_A)

    def brush(self, *steps: tuple[int, int]) -> None:
        """Drag the mouse over the canvas, from its middle by steps in pixels."""
        spot = self.canvas.rect().center()
        left = Qt.MouseButton.LeftButton
        QTest.mouseMove(self.canvas, spot)
        QTest.mousePress(self.canvas, left, pos=spot)
        for right, down in steps:
            spot += QPoint(right, down)
            QTest.mouseMove(self.canvas, spot)
            QApplication.processEvents()
        QTest.mouseRelease(self.canvas, left, pos=spot)
        QApplication.processEvents()

    def close(self) -> None:
        self.viewer.close()


@pytest.fixture
def blobs() -> Callable[[Path, int], list[Path]]:
    """Return `write_blobs`."""
    return write_blobs


@pytest.fixture
def settings() -> Callable[..., LoopSettings]:
    """Return `quick`."""
    return quick


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a project of blobs and returns its folder."""

    def make(cases: int = 4, fractions: SplitFractions = ALL_POOL) -> Path:
        images = write_blobs(tmp_path / "images", cases)
        labels = LabelSchema.of("dim", "bright")
        Project.create(tmp_path / "project", images, labels=labels, fractions=fractions).close()
        return tmp_path / "project"

    return make


@pytest.fixture
def sit_before(qtbot: Any) -> Callable[[Any, Any], Annotator]:
    """Return a function that sits somebody before any panel of a window."""
    return lambda viewer, panel: Annotator(qtbot, viewer, panel)


@pytest.fixture
def sit_down(make_napari_viewer: Any, qtbot: Any) -> Callable[[], Annotator]:
    """Return a function that opens a window with the panel docked, and the annotator before it."""

    def sit() -> Annotator:
        viewer = make_napari_viewer(show=True)
        viewer.window.resize(1400, 900)
        panel = LabelVolumes(viewer)
        viewer.window.add_dock_widget(panel, name="Label Volumes", area="right")
        QApplication.processEvents()
        return Annotator(qtbot, viewer, panel)

    return sit
