"""Prompts that cannot be meant: nothing changes, and a sentence says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_salient.active_learning.prompts import (
    BoxPrompt,
    BrushStroke,
    Click,
    Prompt,
    Scene,
    Scribble,
    answer,
)
from napari_salient.data.label_values import UNSURE
from napari_salient.errors import InputError

MIDDLE = (8, 8, 8)


def scene_of(side: int = 17) -> Scene:
    """Noise, nothing labelled, no model."""
    image = np.random.default_rng(0).normal(size=(1, *(side,) * 3)).astype(np.float32)
    return Scene(image, np.zeros((side,) * 3, np.uint8), (1.0, 1.0, 1.0), (0, 1, 2))


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        (Click((8, 8, 17)), "lies outside the volume of 17 × 17 × 17 voxels"),
        (Click((-1, 8, 8)), "lies outside the volume"),
        (Click(MIDDLE, True, float("nan")), "reach of nan mm"),
        (Scribble(()), "has no voxel"),
        (Scribble(((99, 0, 0),)), "lies outside the volume"),
        (BoxPrompt((3, 3, 0, 4, 0, 4)), "holds no voxel"),
        (BoxPrompt((17, 20, 0, 4, 0, 4)), "lies outside the volume"),
        (BrushStroke(()), "has no voxel"),
        (BrushStroke((MIDDLE,), of="probability"), "No model is at hand"),
        (BrushStroke((MIDDLE,), channel=1), "no channel 1"),
    ],
)
def test_a_prompt_that_cannot_be_meant_is_refused_in_a_sentence(
    prompt: Prompt, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        answer(prompt, 1, scene_of())


@pytest.mark.parametrize("value", [0, 3, UNSURE])
def test_a_class_that_does_not_exist_is_refused(value: int) -> None:
    with pytest.raises(InputError, match="choose one of 1, 2"):
        answer(Click(MIDDLE), value, scene_of())


def test_probabilities_that_are_no_numbers_are_refused_only_near_the_prompt() -> None:
    probabilities = np.full((3, 17, 17, 17), 1 / 3, np.float32)
    probabilities[1, 0, 0, 0] = np.nan
    scene = replace(scene_of(), probabilities=probabilities)
    assert answer(Click(MIDDLE, True, 3.0), 1, scene) is not None
    with pytest.raises(InputError, match="probabilities around the prompt are not all numbers"):
        answer(Click((1, 1, 1), True, 3.0), 1, scene)


def test_a_prompt_on_a_locked_slice_is_refused() -> None:
    locked = (np.arange(17) == 8)[:, None, None]
    with pytest.raises(InputError, match="unlock the slice"):
        answer(Click(MIDDLE), 1, replace(scene_of(), locked=locked))


def test_arrays_of_different_volumes_are_refused() -> None:
    scene = scene_of()
    with pytest.raises(InputError, match="take both from one volume"):
        replace(scene, labels=np.zeros((4, 4, 4), np.uint8))
    with pytest.raises(InputError, match="2 maps of probabilities for 3 classes"):
        replace(scene, probabilities=np.zeros((2, 17, 17, 17), np.float32))
