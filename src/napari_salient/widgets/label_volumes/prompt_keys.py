"""The keys of the prompt tools, side by side in the middle row of the keyboard."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_salient.widgets.keys import Key
from napari_salient.widgets.label_volumes.prompt_bar import KEYS
from napari_salient.widgets.label_volumes.prompt_gesture import Tool

if TYPE_CHECKING:
    from napari_salient.widgets.label_volumes.prompt_bar import PromptBar

PROMPT = "Prompt (Escape leaves the tool)"
TEXTS = {
    Tool.CLICK: "Click: the region that looks alike, in 3D",
    Tool.SCRIBBLE: "Scribble: what looks like the line",
    Tool.BOX: "Box: the object in it, on this slice",
    Tool.BRUSH: "Threshold brush: only values in a window",
}


def prompt_keys(bar: PromptBar) -> list[Key]:
    """Return the keys that take a prompt tool in hand and set it."""
    tools = [Key(KEYS[tool], TEXTS[tool], partial(bar.take, tool), PROMPT) for tool in Tool]
    return [
        *tools,
        Key("Y", "Add or remove; right button or Alt: remove", bar.toggle_include, PROMPT),
        Key(",", "Shorter reach, smaller brush", partial(bar.change_reach, -1), PROMPT),
        Key(".", "Longer reach, larger brush", partial(bar.change_reach, 1), PROMPT),
    ]
