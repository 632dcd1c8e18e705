"""One prompt turned into one change of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.prompts.framed import object_in, surroundings
from napari_salient.active_learning.prompts.likeness import region_like
from napari_salient.active_learning.prompts.prompt import (
    BoxPrompt,
    BrushStroke,
    Click,
    Prompt,
    Scribble,
    box_inside,
    voxels_inside,
)
from napari_salient.active_learning.prompts.relabelling import Relabelling, relabelled
from napari_salient.data.label_values import BACKGROUND
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.active_learning.prompts.scene import Scene, View
    from napari_salient.project.edits import Box


def answer(prompt: Prompt, value: int, scene: Scene) -> Relabelling | None:
    """Return how the labels change when a prompt is given for a class.

    What is included takes from the background, and from those classes that the voxels pointed at
    have now: a click on another class says that this one is wrong there. What is excluded becomes
    background. Nothing else changes, and nothing where the scene is locked.

    Parameters
    ----------
    prompt
        The click, scribble, box or stroke.
    value
        The label value of the class it is for.
    scene
        The volume; it stays as it is.

    Returns
    -------
    Relabelling or None
        What changes; `None` if nothing does.

    Raises
    ------
    InputError
        If there is no such class, the prompt is empty, outside the volume or where the labels are
        locked, or if an intensity or a probability around it is no number.
    """
    scene.check_class(value)
    match prompt:
        case Click() | Scribble():
            return _pointed_at(prompt, value, scene)
        case BoxPrompt():
            return _framed(prompt, value, scene)
        case BrushStroke():
            return _brushed(prompt, value, scene)


def looked_at(prompt: Prompt, scene: Scene) -> Box:
    """Return the part of the volume on which the answer to a prompt depends.

    Raises
    ------
    InputError
        If the prompt is empty or outside the volume.
    """
    if isinstance(prompt, BoxPrompt):
        box = box_inside(prompt.box, scene.labels.shape)
        return surroundings(box, scene.labels.shape)
    voxels = voxels_inside(prompt.voxels, scene.labels.shape)
    return scene.reach_box(voxels, 0.0 if isinstance(prompt, BrushStroke) else prompt.reach_mm)


def _pointed_at(prompt: Click | Scribble, value: int, scene: Scene) -> Relabelling | None:
    voxels = voxels_inside(prompt.voxels, scene.labels.shape)
    view = scene.view(looked_at(prompt, scene))
    seeds = _unlocked(view.mask(voxels), view)
    taken = np.union1d(view.labels[seeds], [BACKGROUND, value]) if prompt.include else [value]
    free = np.isin(view.labels, taken) & view.open
    seeds &= free
    if not seeds.any():
        return None
    odds = view.log_odds(value, prompt.include)
    where = region_like(seeds, free, view, odds, prompt.reach_mm)
    return relabelled(view.labels, where, value if prompt.include else BACKGROUND, view.box)


def _framed(prompt: BoxPrompt, value: int, scene: Scene) -> Relabelling | None:
    view = scene.view(looked_at(prompt, scene))
    frame = view.frame(box_inside(prompt.box, scene.labels.shape))
    _unlocked(frame, view)
    taken = [BACKGROUND, value] if prompt.include else [value]
    free = np.isin(view.labels, taken) & view.open
    where = object_in(frame, free, view, view.log_odds(value, prompt.include))
    return relabelled(view.labels, where, value if prompt.include else BACKGROUND, view.box)


def _brushed(stroke: BrushStroke, value: int, scene: Scene) -> Relabelling | None:
    view = scene.view(looked_at(stroke, scene))
    under = _unlocked(view.mask(voxels_inside(stroke.voxels, scene.labels.shape)), view)
    shown = _measured(stroke, value, view)
    where = under & (shown >= stroke.low) & (shown <= stroke.high)
    if stroke.include:
        return relabelled(view.labels, where, value, view.box)
    return relabelled(view.labels, where & (view.labels == value), BACKGROUND, view.box)


def _measured(stroke: BrushStroke, value: int, view: View) -> NDArray[np.floating]:
    shown: NDArray[np.floating]
    if stroke.of == "probability":
        if view.probabilities is None:
            raise InputError(
                "No model is at hand whose probability could limit the brush; limit it by "
                "intensity."
            )
        shown = view.probabilities[view.values.index(value)]
        return shown
    if not 0 <= stroke.channel < len(view.image):
        raise InputError(
            f"The image has no channel {stroke.channel}; choose one from 0 to "
            f"{len(view.image) - 1}."
        )
    shown = view.image[stroke.channel]
    return shown


def _unlocked(voxels: NDArray[np.bool_], view: View) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = voxels & view.open
    if not found.any():
        raise InputError("The labels are locked where the prompt lies; unlock the slice first.")
    return found
