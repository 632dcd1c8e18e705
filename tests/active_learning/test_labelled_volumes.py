"""Patches around labelled slices: what is known of a volume and nothing more."""

from __future__ import annotations

import numpy as np
import pytest

from napari_salient.active_learning.labelled_volumes import LabelledVolumes
from napari_salient.active_learning.spec import PATCH_SLICES
from napari_salient.data.label_values import UNSURE
from napari_salient.data.planes import PLANES, Plane, slice_of

SHAPE = (70, 20, 24)
PATCH = (PATCH_SLICES, 16, 16)


def numbered(shape: tuple[int, ...] = SHAPE) -> tuple[np.ndarray, np.ndarray]:
    """Return an image whose voxels are all different, from 1 on, and labels made from it."""
    image = np.arange(1, np.prod(shape) + 1, dtype=np.float32).reshape(1, *shape)
    return image, (image[0] % 3).astype(np.uint8)


def labelled(indices: list[int], plane: Plane = "axial") -> LabelledVolumes:
    volumes = LabelledVolumes()
    volumes.add(*numbered(), plane, indices)
    return volumes


@pytest.mark.parametrize("plane", PLANES)
def test_a_patch_knows_the_labels_of_labelled_slices_and_no_others(plane: Plane) -> None:
    indices = [3, 9, 18]
    image, labels = numbered()
    volumes = labelled(indices, plane)
    known = np.concatenate([slice_of(image[0], plane, index).ravel() for index in indices])
    rng = np.random.default_rng(0)
    inputs, drawn, weights = volumes.draw(60, PATCH, rng)
    assert inputs.shape == (20, 1, *PATCH)
    is_known = np.isin(inputs[:, 0], known)
    assert (is_known == (drawn != UNSURE)).all()
    assert (drawn[is_known] == inputs[:, 0][is_known] % 3).all()
    assert is_known.any((1, 2, 3)).all()
    assert (weights == is_known.any((2, 3))).all()
    assert volumes.pixel_counts(3).sum() == sum(slice_of(labels, plane, i).size for i in indices)


def test_a_labelled_slice_comes_at_every_depth_of_the_patch() -> None:
    volumes, rng = labelled([35]), np.random.default_rng(0)
    _, drawn, _ = volumes.draw(6 * 300, PATCH, rng)
    assert set(np.nonzero((drawn != UNSURE).any((2, 3)))[1]) == set(range(PATCH_SLICES))


def test_slices_too_far_to_share_a_patch_are_not_kept_together() -> None:
    near, far = labelled([20, 30]), labelled([2, 66])
    assert [len(slab.labels) for slab in near.slabs] == [10 + 2 * PATCH_SLICES - 1]
    assert [len(slab.labels) for slab in far.slabs] == [2 + PATCH_SLICES, 4 + PATCH_SLICES - 1]
    assert [len(near), len(far)] == [2, 2]


def test_a_volume_smaller_than_the_patch_is_padded_with_what_nobody_knows() -> None:
    volumes = LabelledVolumes()
    volumes.add(*numbered((6, 10, 12)), "axial", [2], weights=[0.5])
    inputs, drawn, weights = volumes.draw(1, PATCH, np.random.default_rng(0))
    outside = inputs[0, 0] == 0
    assert outside.sum() == np.prod(PATCH) - 6 * 10 * 12
    assert (drawn[0][outside] == UNSURE).all()
    assert weights[0].tolist() == [0.5 if depth == 3 else 0 for depth in range(PATCH_SLICES)]


def test_drawing_repeats_with_its_generator() -> None:
    volumes = labelled([5, 30, 50])
    first, again = (volumes.draw(12, PATCH, np.random.default_rng(4)) for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
