"""Strokes of the threshold brush."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_salient.active_learning.prompts import BrushStroke, Scene, answer

ROW = tuple((1, 1, x) for x in range(8))


def scene_of(*row: float) -> Scene:
    """A volume of 3 x 3 x 8 voxels whose middle row has these intensities."""
    image = np.zeros((1, 3, 3, 8), np.float32)
    image[0, 1, 1] = row
    return Scene(image, np.zeros((3, 3, 8), np.uint8), (1.0, 1.0, 1.0), (0, 1, 2))


BUMP = scene_of(0, 0, 1, 2, 2, 1, 0, 0)


def test_it_paints_only_what_lies_in_the_window() -> None:
    change = answer(BrushStroke(ROW, low=1.0, high=1.5), 1, BUMP)
    assert change.box == (1, 2, 1, 2, 2, 6)
    assert change.labels.ravel().tolist() == [1, 0, 0, 1]


def test_it_can_follow_the_model() -> None:
    there = np.full((3, 3, 8), 0.1, np.float32)
    there[1, 1, 5:7] = 0.9
    scene = replace(BUMP, probabilities=np.stack([1 - there, there, 0 * there]))
    change = answer(BrushStroke(ROW, low=0.5, of="probability"), 1, scene)
    assert change.box == (1, 2, 1, 2, 5, 7)


def test_wiping_takes_from_the_class_alone_and_only_in_the_window() -> None:
    labels = BUMP.labels.copy()
    labels[1, 1] = (1, 1, 1, 1, 2, 2, 2, 2)
    change = answer(BrushStroke(ROW, include=False, low=1.0), 1, replace(BUMP, labels=labels))
    assert change.box == (1, 2, 1, 2, 2, 4)
    assert not change.labels.any()
