"""Prompts on real volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_salient.active_learning.prompts import BoxPrompt, Click, Scene, answer
from napari_salient.data.labels import read_labels
from napari_salient.data.volumes import load_image, normalise, read_header
from napari_salient.project.edits import box_slices

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.active_learning.prompts import Prompt

VOLUMES = "data/volumes3d"


def read(folder: Path, name: str) -> tuple[Scene, np.ndarray]:
    """Return a volume with nothing labelled, and where its class 1 is."""
    header = read_header(folder / "images" / name)
    truth = read_labels(folder / "labels" / name, header)
    image = normalise(load_image(header))
    return Scene(image, np.zeros_like(truth), header.spacing, (0, 1)), truth == 1


def dice_after(prompt: Prompt, scene: Scene, truth: np.ndarray) -> float:
    change = answer(prompt, 1, scene)
    assert change is not None
    found = np.zeros_like(truth)
    found[box_slices(change.box)] = change.labels == 1
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))


@pytest.mark.shared
@pytest.mark.parametrize("contrast", ["T1w", "T2w"])
def test_one_click_finds_the_spinal_cord(shared_data: Path, contrast: str) -> None:
    name = f"sub-unf01_{contrast}.nii.gz"
    scene, truth = read(shared_data / VOLUMES / "spinal_cord", name)
    z, y, x = (int(i) for i in np.argwhere(truth).mean(0).round())
    assert dice_after(Click((z, y, x), reach_mm=20.0), scene, truth) > 0.9


@pytest.mark.shared
def test_a_box_on_one_slice_finds_the_spleen_there(shared_data: Path) -> None:
    scene, truth = read(shared_data / VOLUMES / "msd_spleen_crop", "spleen_2.nii.gz")
    z = int(truth.sum((1, 2)).argmax())
    (y0, x0), (y1, x1) = (np.argwhere(truth[z]).min(0) - 2, np.argwhere(truth[z]).max(0) + 3)
    box = z, z + 1, int(y0), int(y1), int(x0), int(x1)
    alone = np.zeros_like(truth)
    alone[z] = truth[z]
    assert dice_after(BoxPrompt(box), scene, alone) > 0.85
