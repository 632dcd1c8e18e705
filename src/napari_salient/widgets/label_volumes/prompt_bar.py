"""The prompt tools on the label page: one row, and a second one while a tool is in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_salient.active_learning.prompts import BoxPrompt, BrushStroke, Click, Scribble
from napari_salient.widgets.label_volumes import prompt_gesture
from napari_salient.widgets.label_volumes.prompt_desk import PromptDesk
from napari_salient.widgets.label_volumes.prompt_gesture import Tool
from napari_salient.widgets.label_volumes.prompt_options import ReachSlider, WindowSlider
from napari_salient.widgets.label_volumes.prompt_overlay import PromptOverlay, canvas_of
from napari_salient.widgets.label_volumes.prompt_repairs import RepairMenu
from napari_salient.widgets.label_volumes.prompt_tool import PromptTool

if TYPE_CHECKING:
    from napari_salient.active_learning.prompts import Prompt
    from napari_salient.widgets.label_volumes.desk import Desk
    from napari_salient.widgets.label_volumes.prompt_gesture import Gesture

KEYS = {Tool.CLICK: "G", Tool.SCRIBBLE: "H", Tool.BOX: "J", Tool.BRUSH: "K"}
TIPS = {
    Tool.CLICK: "The region around the click that looks alike, in 3D",
    Tool.SCRIBBLE: "The region that looks like what the line runs over, in 3D",
    Tool.BOX: "The object in the box, on this slice",
    Tool.BRUSH: "Napari's brush, but only where values lie in a window",
}
STYLE = """
QToolButton { border: 1px solid transparent; border-radius: 2px; padding: 3px 2px; }
QToolButton:checked { border-color: #d0d3d8; background: #414851; font-weight: bold; }
QToolButton:focus { border-color: #007acc; }
QToolButton::menu-indicator { width: 0; }
"""
ADD, REMOVE = "+ Add", "− Remove"
SCRIBBLE_SHARE = 0.5
"""A scribble spans the object itself, so it reaches so much of what a click does."""


class PromptBar(QWidget):
    """Tools with which the mouse points at things in the slice, and the repairs of a class."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.prompts = PromptDesk(desk, self)
        self.tool = PromptTool(self.radius_mm, self)
        self.buttons = {tool: self._tool_button(tool) for tool in Tool}
        self.repairs = RepairMenu(self.prompts.prompting, desk.session.plane, self)
        self.include = _button(ADD, "What the mouse draws is added, or taken away  (Y)")
        self.reach, self.values = ReachSlider(), WindowSlider()
        self.status = QElidingLabel()
        self._options = QStackedWidget()
        self._second = QWidget()
        self._overlay: PromptOverlay | None = None
        self._here = desk.here
        self._chosen_mm: dict[tuple[Tool, int], float] = {}
        self._lay_out()
        self._connect()
        self.show_tool()

    def take(self, tool: Tool) -> None:
        """Take a tool in hand; the one in hand is put down."""
        layer = self.desk.view.layers.labels
        if tool is self.tool.tool or layer is None:
            self.tool.leave()
        else:
            self._cover_canvas()
            self.tool.take(tool, layer)
        self.show_tool()

    def toggle_include(self) -> None:
        """Let the tools add, or take away."""
        self.tool.include = not self.tool.include
        self.show_tool()

    def change_reach(self, by: int) -> None:
        """Let the tool in hand reach farther (1) or less far (-1); the brush grows or shrinks."""
        layer = self.desk.view.layers.labels
        if self.tool.tool is Tool.BRUSH and layer is not None:
            layer.brush_size = max(1, layer.brush_size + by)
        elif self.tool.tool in (Tool.CLICK, Tool.SCRIBBLE):
            self.reach.step(by)

    def close_tools(self) -> None:
        """Give the mouse back to napari."""
        self.tool.leave()
        self.tool.cover(None)
        if self._overlay is not None and isalive(self._overlay):
            self._overlay.deleteLater()
        self._overlay = None

    def show_tool(self) -> None:
        """Show which tool is in hand, with its options."""
        tool = self.tool.tool
        self.desk.view.pointing = tool is not None
        for one, button in self.buttons.items():
            button.setChecked(one is tool)
        self.include.setText(ADD if self.tool.include else REMOVE)
        self.include.setChecked(not self.tool.include)
        self._second.setVisible(tool is not None)
        self._options.setVisible(tool is not Tool.BOX)
        self._options.setCurrentWidget(self.values if tool is Tool.BRUSH else self.reach)
        self._say("" if tool is None else self.prompts.basis)
        self.show_class()

    def show_class(self) -> None:
        """Set the tool in hand for the class that is painted with."""
        tool, case = self.tool.tool, self.desk.session.case
        layer = self.desk.view.layers.labels
        if case is None or layer is None:
            return
        if tool in (Tool.CLICK, Tool.SCRIBBLE):
            self.reach.show_mm(self._reach_mm(tool, int(layer.selected_label)))
        elif tool is Tool.BRUSH:
            self.values.suit(case, int(layer.selected_label))
        self.follow()

    def follow(self) -> None:
        """Have the model look at the open slice while a tool is in hand."""
        if self.tool.tool is not None:
            self.prompts.prepare(self.reach.value_mm)
        elif self.desk.here != self._here:
            self._say("")
        self._here = self.desk.here

    def show_case(self) -> None:
        """Take the tool in hand on the layer of another case."""
        layer = self.desk.view.layers.labels
        if layer is None:
            return
        if self.tool.tool is not None and not self.tool.holds(layer):
            self.tool.take(self.tool.tool, layer)
        self.show_class()

    def radius_mm(self) -> float:
        """Return how far around the mouse the tool in hand acts."""
        layer = self.desk.view.layers.labels
        if self.tool.tool is Tool.BRUSH and layer is not None:
            return float(layer.brush_size * min(layer.scale) / 2)
        return self.reach.value_mm

    def _reach_mm(self, tool: Tool, value: int) -> float:
        chosen = self._chosen_mm.get((tool, value))
        if chosen is not None:
            return chosen
        reach = self.prompts.prompting.default_reach_mm(value)
        return reach * SCRIBBLE_SHARE if tool is Tool.SCRIBBLE else reach

    def _reach_chosen(self, value_mm: float) -> None:
        layer = self.desk.view.layers.labels
        if self.tool.tool is not None and layer is not None:
            self._chosen_mm[self.tool.tool, int(layer.selected_label)] = value_mm

    def _say(self, words: str) -> None:
        self.status.setText(words)
        self.status.setToolTip(words)
        self.status.setVisible(bool(words))

    def _drawn(self, gesture: Gesture) -> None:
        if self.tool.tool is not None:
            self.prompts.ask(self._prompt(self.tool.tool, gesture))

    def _prompt(self, tool: Tool, gesture: Gesture) -> Prompt:
        path, across, include = gesture
        if tool is Tool.CLICK:
            return Click(path[0], include, self.reach.value_mm)
        if tool is Tool.SCRIBBLE:
            return Scribble(prompt_gesture.line(path), include, self.reach.value_mm)
        if tool is Tool.BOX:
            return BoxPrompt(prompt_gesture.box(path, across), include)
        spacing = self.desk.view.layers.labels.scale  # type: ignore[union-attr]
        voxels = prompt_gesture.brushed(path, across, self.radius_mm(), spacing)
        low, high = self.values.bounds
        return BrushStroke(voxels, include, low, high, self.values.of, self.values.channel)

    def _cover_canvas(self) -> None:
        if self._overlay is None:
            canvas = canvas_of(self.window())
            self._overlay = None if canvas is None else PromptOverlay(canvas)
            self.tool.cover(self._overlay)

    def _connect(self) -> None:
        self.tool.drawn.connect(self._drawn)
        self.tool.put_down.connect(self.show_tool)
        self.prompts.said.connect(self._say)
        self.repairs.wanted.connect(self.prompts.ask)
        self.include.clicked.connect(lambda _checked=False: self.toggle_include())
        self.reach.chosen.connect(self._reach_chosen)
        self.desk.view.case_shown.connect(self.show_case)
        self.desk.changed.connect(self.follow)

    def _tool_button(self, tool: Tool) -> QToolButton:
        button = _button(f"{tool.value}  {KEYS[tool]}", TIPS[tool])
        button.clicked.connect(lambda _checked=False: self.take(tool))
        return button

    def _lay_out(self) -> None:
        repair = QToolButton()
        repair.setText("Repair ▾")
        repair.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        repair.setMenu(self.repairs)
        repair.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setStyleSheet(STYLE)
        for option in (self.reach, self.values):
            self._options.addWidget(option)
        self._options.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        second = QHBoxLayout(self._second)
        second.setContentsMargins(0, 0, 0, 0)
        second.addWidget(self.include)
        second.addWidget(self._options, 1)
        first: Any = QHBoxLayout()
        first.setSpacing(3)
        for button in (*self.buttons.values(), repair):
            first.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(first)
        layout.addWidget(self._second)
        layout.addWidget(self.status)


def _button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setCheckable(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return button
