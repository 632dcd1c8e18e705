"""Clicks, boxes, scribbles and strokes that change labels in 3D, and repairs of a class."""

from napari_salient.active_learning.prompts.answering import answer, looked_at
from napari_salient.active_learning.prompts.islands import drop_small, fill_holes, keep_largest
from napari_salient.active_learning.prompts.prompt import (
    BoxPrompt,
    BrushStroke,
    Click,
    Prompt,
    Scribble,
)
from napari_salient.active_learning.prompts.relabelling import Relabelling
from napari_salient.active_learning.prompts.repair import (
    Holes,
    Islands,
    LargestPart,
    Repair,
    Smooth,
    repaired,
)
from napari_salient.active_learning.prompts.scene import Scene
from napari_salient.active_learning.prompts.smoothing import smooth

__all__ = [
    "BoxPrompt",
    "BrushStroke",
    "Click",
    "Holes",
    "Islands",
    "LargestPart",
    "Prompt",
    "Relabelling",
    "Repair",
    "Scene",
    "Scribble",
    "Smooth",
    "answer",
    "drop_small",
    "fill_holes",
    "keep_largest",
    "looked_at",
    "repaired",
    "smooth",
]
