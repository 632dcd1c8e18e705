"""The part of the sample session by itself that shows prompts: a click, and the menu of repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_salient.data.planes import slice_of
from napari_salient.widgets.label_volumes.prompt_gesture import Tool
from napari_salient.widgets.label_volumes.prompt_overlay import canvas_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_salient.widgets.demo.oracle import Oracle
    from napari_salient.widgets.label_volumes.desk import Desk
    from napari_salient.widgets.label_volumes.workbench import Workbench

CLASS = 2


def point_and_undo(
    bench: Workbench, oracle: Oracle, picture: Callable[[str], Iterator[Callable[[], bool]]]
) -> Iterator[Callable[[], bool]]:
    """Click into the largest object on a slice that nobody has begun, then take it back.

    Parameters
    ----------
    bench, oracle
        The window, and who knows where the object is.
    picture
        Takes a picture under that name.

    Yields
    ------
    callable
        What has to be the case before the next step.
    """
    desk, bar = bench.desk, bench.label_page.prompts
    here, blank = desk.here, _blank_slice(desk)
    if here is None or blank is None:
        return
    desk.go_to(here[0], blank)
    yield lambda: desk.here == (here[0], blank)
    desk.view.select_class(CLASS)
    bar.take(Tool.CLICK)
    yield lambda: not bar.prompts.prompting.model.wanted
    _click(desk, bench.window(), *oracle.middle_of(desk.session, CLASS))
    yield lambda: not bar.prompts.busy and _labels(desk, blank)
    yield from picture("10-click")
    bar.tool.leave()
    bar.show_tool()
    desk.undo()
    yield lambda: not _labels(desk, blank)
    desk.go_to(*here)
    yield lambda: desk.here == here


def picture_repairs(bench: Workbench, path: Path) -> None:
    """Take a picture of the menu of repairs."""
    bench.label_page.prompts.repairs.grab().save(str(path))


def _labels(desk: Desk, index: int) -> bool:
    case = desk.session.case
    return case is not None and bool(slice_of(case.labels, desk.session.plane, index).any())


def _blank_slice(desk: Desk) -> int | None:
    """Return the slice nearest to the open one that nobody has begun; `None` without one."""
    session = desk.session
    if session.case is None or session.index is None:
        return None
    case_id, middle = session.case.case.id, session.index
    begun = {record.index for record in session.project.journal.slice_states(case_id)}
    free = [index for index in range(session.case.labels.shape[0]) if index not in begun]
    return min(free, key=lambda index: abs(index - middle), default=None)


def _click(desk: Desk, window: QWidget, row: int, column: int) -> None:
    """Press and release the mouse over a pixel of the axial slice that the canvas shows."""
    layer, camera = desk.view.layers.labels, desk.view.viewer.scene.camera
    canvas = canvas_of(window)
    assert layer is not None
    assert canvas is not None
    _, y, x = layer.data_to_world((0, row, column))
    right = (x - camera.center[2]) * camera.zoom + canvas.width() / 2
    down = (y - camera.center[1]) * camera.zoom + canvas.height() / 2
    spot = QPoint(round(right), round(down))
    QTest.mouseMove(canvas, spot)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=spot)
