"""The open case in three planes at once, linked with the viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QHBoxLayout, QWidget
from superqt.utils import qthrottled

from napari_salient.data.planes import PLANES, Plane, axis_of, slice_of
from napari_salient.errors import InputError
from napari_salient.widgets.plane_pane import PlanePane, picture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Voxel = tuple[int, int, int]

REDRAW_INTERVAL_MS = 33
UNNAMED_COLOR = "#808080"


class PlanesView(QWidget):
    """Axial, coronal and sagittal pane of a volume, with labels, at one voxel.

    The panes show the arrays they were given, not copies: after a stroke `refresh` suffices.
    `jumped` carries the voxel ``(z, y, x)`` that was pointed at.
    """

    jumped = Signal(int, int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panes: dict[Plane, PlanePane] = {plane: PlanePane(plane) for plane in PLANES}
        self.cursor: Voxel = (0, 0, 0)
        self._image: NDArray[np.float32] | None = None
        self._labels: NDArray[np.uint8] | None = None
        self._spacing = (1.0, 1.0, 1.0)
        self._limits = (0.0, 1.0)
        self._colors = color_table({})
        self.refresh = qthrottled(self.draw, timeout=REDRAW_INTERVAL_MS, parent=self)
        self._link: ViewerLink | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for plane, pane in self.panes.items():
            layout.addWidget(pane)
            pane.pointed.connect(lambda row, column, plane=plane: self._pointed(plane, row, column))
            pane.stepped.connect(lambda *steps, plane=plane: self._stepped(plane, *steps))

    def set_case(
        self,
        image: NDArray[np.float32],
        labels: NDArray[np.uint8] | None,
        spacing: tuple[float, float, float],
        colors: Mapping[int, str],
        limits: tuple[float, float] | None = None,
    ) -> None:
        """Show a volume.

        Parameters
        ----------
        image
            One channel ``(z, y, x)`` in display orientation.
        labels
            Label values ``(z, y, x)``, or `None`.
        spacing
            Voxel size in mm, ``(z, y, x)``.
        colors
            Colour ``#rrggbb`` of each label value.
        limits
            Grey values drawn black and white; `None` takes those of the whole volume.

        Raises
        ------
        InputError
            If image and labels differ in shape.
        """
        if labels is not None and labels.shape != image.shape:
            raise InputError(
                f"The labels have the shape {labels.shape} and the image {image.shape}; "
                "open labels that belong to this image."
            )
        self._image, self._labels, self._spacing = image, labels, spacing
        self._limits = limits or (float(np.nanmin(image)), float(np.nanmax(image)))
        self._colors = color_table(colors)
        depth, height, width = image.shape
        self.cursor = depth // 2, height // 2, width // 2
        self.draw()

    def set_colors(self, colors: Mapping[int, str]) -> None:
        """Draw the labels in other colours."""
        self._colors = color_table(colors)
        self.refresh()

    def set_limits(self, limits: tuple[float, float]) -> None:
        """Draw other grey values black and white, such as a CT window's."""
        self._limits = limits
        self.refresh()

    def set_cursor(self, voxel: Voxel) -> None:
        """Move to a voxel; outside the volume the nearest one inside is taken."""
        if self._image is not None:
            self.cursor = _clamped(voxel, self._image.shape)
            self.refresh()

    def clear(self) -> None:
        """Show nothing, and follow no viewer."""
        self.unlink()
        self._image = self._labels = None
        self.draw()

    def link(self, viewer: Any, layer: Any) -> None:
        """Follow the mouse and the sliders of a viewer over `layer`, and move its sliders."""
        self.unlink()
        self._link = ViewerLink(self, viewer, layer)

    def unlink(self) -> None:
        """Stop following the viewer."""
        if self._link is not None:
            self._link.cut()
            self._link = None

    def draw(self) -> None:
        """Draw the three planes now; `refresh` does it when there is time."""
        for plane, pane in self.panes.items():
            axis = axis_of(plane)
            row_mm, column_mm = np.delete(self._spacing, axis)
            row, column = np.delete(self.cursor, axis)
            drawn = None if self._image is None else self._picture(plane, self.cursor[axis])
            pane.show_picture(drawn, (row_mm, column_mm), (int(row), int(column)))

    def _picture(self, plane: Plane, index: int) -> NDArray[np.uint8]:
        assert self._image is not None
        labels = None if self._labels is None else slice_of(self._labels, plane, index)
        return picture(slice_of(self._image, plane, index), labels, self._limits, self._colors)

    def _pointed(self, plane: Plane, row: int, column: int) -> None:
        voxel = [row, column]
        voxel.insert(axis_of(plane), self.cursor[axis_of(plane)])
        self._jump(voxel[0], voxel[1], voxel[2])

    def _stepped(self, plane: Plane, rows: int, columns: int, slices: int) -> None:
        steps = [rows, columns]
        steps.insert(axis_of(plane), slices)
        z, y, x = (here + step for here, step in zip(self.cursor, steps, strict=True))
        self._jump(z, y, x)

    def _jump(self, z: int, y: int, x: int) -> None:
        if self._image is not None:
            self.set_cursor((z, y, x))
            self.jumped.emit(*self.cursor)


class ViewerLink:
    """Keeps the planes at the viewer's mouse and sliders, and the sliders at the planes' voxel."""

    def __init__(self, view: PlanesView, viewer: Any, layer: Any) -> None:
        self._view, self._viewer, self._layer = view, viewer, layer
        self._seen: Sequence[float] = viewer.cursor.position
        viewer.cursor.events.position.connect(self._mouse_moved)
        viewer.dims.events.current_step.connect(self._slider_moved)
        view.jumped.connect(self._jumped)
        self._slider_moved()

    def cut(self) -> None:
        """End the link."""
        self._viewer.cursor.events.position.disconnect(self._mouse_moved)
        self._viewer.dims.events.current_step.disconnect(self._slider_moved)
        self._view.jumped.disconnect(self._jumped)

    def _mouse_moved(self, _event: Any = None) -> None:
        """Follow the mouse; sliders move napari's cursor, too, while the mouse rests."""
        position, displayed = self._viewer.cursor.position, self._viewer.dims.displayed
        before, self._seen = self._seen, position
        if any(position[axis] != before[axis] for axis in displayed if axis < len(before)):
            self._move(displayed, position)

    def _slider_moved(self, _event: Any = None) -> None:
        self._move(self._viewer.dims.not_displayed, self._viewer.dims.point)

    def _move(self, axes: Sequence[int], point: Sequence[float]) -> None:
        there = self._voxel_at(point)
        z, y, x = (there[axis] if axis in axes else self._view.cursor[axis] for axis in range(3))
        self._view.set_cursor((z, y, x))

    def _jumped(self, z: int, y: int, x: int) -> None:
        point = self._layer.data_to_world((z, y, x))
        self._viewer.dims.set_point(range(len(point)), point)

    def _voxel_at(self, point: Sequence[float]) -> Voxel:
        z, y, x = (round(float(part)) for part in self._layer.world_to_data(point)[-3:])
        return z, y, x


def color_table(colors: Mapping[int, str]) -> NDArray[np.uint8]:
    """Return the colour of each label value as ``(256, 3)``; grey where none is given."""
    table = np.empty((256, 3), np.uint8)
    table[:] = QColor(UNNAMED_COLOR).getRgb()[:3]
    for value, color in colors.items():
        table[value] = QColor(color).getRgb()[:3]
    return table


def _clamped(voxel: Voxel, shape: tuple[int, ...]) -> Voxel:
    z, y, x = (min(max(part, 0), size - 1) for part, size in zip(voxel, shape, strict=True))
    return z, y, x
