"""Clicks, boxes, scribbles and strokes that change labels in 3D, and repairs of a class."""

from napari_salient.active_learning.prompts.answering import answer
from napari_salient.active_learning.prompts.islands import drop_small, fill_holes, keep_largest
from napari_salient.active_learning.prompts.prompt import (
    BoxPrompt,
    BrushStroke,
    Click,
    Prompt,
    Scribble,
)
from napari_salient.active_learning.prompts.relabelling import Relabelling
from napari_salient.active_learning.prompts.scene import Scene
from napari_salient.active_learning.prompts.smoothing import smooth

__all__ = [
    "BoxPrompt",
    "BrushStroke",
    "Click",
    "Prompt",
    "Relabelling",
    "Scene",
    "Scribble",
    "answer",
    "drop_small",
    "fill_holes",
    "keep_largest",
    "smooth",
]
