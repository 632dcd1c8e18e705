"""The prompt tools in napari's canvas: the mouse draws, and what it drew becomes a gesture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_salient.widgets.label_volumes.prompt_gesture import Gesture, Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.layers import Labels

    from napari_salient.widgets.label_volumes.prompt_gesture import Voxel
    from napari_salient.widgets.label_volumes.prompt_overlay import PromptOverlay

LEFT, RIGHT = 1, 2
MOVING = "pan_zoom"
"""The layer's mode while a tool is in hand: the only one in which napari draws nothing itself."""


class PromptTool(QObject):
    """Takes the mouse of a labels layer for a tool, and gives it back.

    Parameters
    ----------
    radius_mm
        How far the tool reaches, to show it around the mouse.
    """

    drawn = Signal(object)
    """A `Gesture` of the tool in hand."""
    put_down = Signal()
    """The tool went out of hand by itself: Escape, or another tool of napari's."""

    def __init__(self, radius_mm: Callable[[], float], parent: QObject) -> None:
        super().__init__(parent)
        self.tool: Tool | None = None
        self.include = True
        self._radius_mm = radius_mm
        self._layer: Labels | None = None
        self._overlay: PromptOverlay | None = None
        self._mode_before = MOVING
        self._held = False

    def cover(self, overlay: PromptOverlay | None) -> None:
        """Show what is drawn in this overlay."""
        self._overlay = overlay

    def take(self, tool: Tool, layer: Labels) -> None:
        """Take a tool in hand, in place of another one."""
        self.leave()
        self.tool, self._layer, self._mode_before = tool, layer, str(layer.mode)
        layer.mode = MOVING
        layer.cursor = "crosshair"
        layer.events.mode.connect(self._mode_changed)
        layer.mouse_drag_callbacks.append(self._drag)
        layer.mouse_move_callbacks.append(self._hover)
        for key, action in self._keys().items():
            layer.bind_key(key, action, overwrite=True)

    def holds(self, layer: Labels) -> bool:
        """Whether the tool in hand works on this layer."""
        return self._layer is layer

    def leave(self, mode: str | None = None) -> None:
        """Put the tool down; the layer goes back to the mode that it had before, or to `mode`."""
        layer, self._layer, self.tool = self._layer, None, None
        if layer is None:
            return
        layer.events.mode.disconnect(self._mode_changed)
        layer.mouse_drag_callbacks.remove(self._drag)
        layer.mouse_move_callbacks.remove(self._hover)
        for key in self._keys():
            layer.bind_key(key, None)
        if layer.mode == MOVING:
            layer.cursor = "standard"
            layer.mode = mode or self._mode_before
        if self._overlay is not None and isalive(self._overlay):
            self._overlay.hide()

    def _keys(self) -> dict[str, Callable[[Any], object]]:
        return {
            "Escape": lambda _layer: self._end(None),
            "Z": lambda _layer: self._end(MOVING),
            "Space": self._hold,
        }

    def _end(self, mode: str | None) -> None:
        self.leave(mode)
        self.put_down.emit()

    def _hold(self, _layer: Any) -> Iterator[None]:
        """Let the mouse move the view while the key is down, as in napari's own tools."""
        self._held = True
        yield
        self._held = False

    def _mode_changed(self, _event: Any = None) -> None:
        if self._layer is not None and self._layer.mode != MOVING:
            self._end(None)

    def _hover(self, _layer: Labels, event: Any) -> None:
        if self.tool is not None and self.tool is not Tool.BOX and not self._held:
            self._show([event.pos], event, self.include and "Alt" not in event.modifiers)

    def _drag(self, layer: Labels, event: Any) -> Iterator[None]:
        if event.button not in (LEFT, RIGHT) or self._held or len(event.dims_displayed) != 2:
            return
        include = self.include and event.button == LEFT and "Alt" not in event.modifiers
        [across] = {0, 1, 2} - set(event.dims_displayed)
        path, points = [_voxel(layer, event)], [event.pos]
        self._show(points, event, include)
        event.handled = True
        yield
        while event.type == "mouse_move":
            path.append(_voxel(layer, event))
            points.append(event.pos)
            self._show(points, event, include)
            event.handled = True
            yield
        path.append(_voxel(layer, event))  # Where a fast hand let go, no move may have been heard.
        event.handled = True
        if self._layer is layer:
            self._show([event.pos], event, include)
            self.drawn.emit(Gesture(tuple(path), across, include))

    def _show(self, points: list[Any], event: Any, include: bool) -> None:
        if self._overlay is not None and self.tool is not None:
            radius = self._radius_mm() * event.camera_zoom
            self._overlay.draw(self.tool, points, radius, include=include)


def _voxel(layer: Labels, event: Any) -> Voxel:
    z, y, x = (round(float(at)) for at in layer.world_to_data(event.position))
    return z, y, x
