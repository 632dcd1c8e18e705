"""What interpolation is worth, measured on the slices that are labelled."""

from __future__ import annotations

import numpy as np
import pytest

from napari_salient.active_learning.interpolation import (
    InterpolationQuality,
    leave_one_out,
    pseudo_slices,
)
from napari_salient.data.label_values import UNSURE
from napari_salient.data.planes import PLANES, Plane, axis_of

ISOTROPIC = (1.0, 1.0, 1.0)


def tube(radii: list[float]) -> np.ndarray:
    yy, xx = np.mgrid[:25, :25]
    return np.stack([((yy - 12) ** 2 + (xx - 12) ** 2 <= r**2).astype(np.uint8) for r in radii])


@pytest.mark.parametrize("plane", PLANES)
def test_a_straight_tube_is_interpolated_without_error(plane: Plane) -> None:
    labels = np.moveaxis(tube([6] * 12), 0, axis_of(plane))
    quality = leave_one_out([(labels, range(0, 12, 2), ISOTROPIC)], plane)
    assert quality.slices == {4: 4}
    assert quality.dice == {4: {1: 1.0}}


def test_dice_is_kept_by_gap_and_by_class() -> None:
    labels = tube([6.0] * 12)
    labels[4] = 0
    labels[4, 2:6, 2:6] = 2
    quality = leave_one_out([(labels, [0, 2, 4, 6, 11], ISOTROPIC)], "axial")
    assert quality.slices == {4: 2, 7: 1}
    assert quality.dice[4][2] == 0
    assert 0 < quality.dice[4][1] < 1
    assert quality.dice[7][1] < 1


def test_neighbours_too_far_apart_say_nothing() -> None:
    quality = leave_one_out([(tube([6] * 30), [0, 5, 20], ISOTROPIC)], "axial")
    assert quality.slices == {}


def test_unsure_pixels_are_not_counted() -> None:
    labels = tube([6] * 3)
    labels[1, :12] = UNSURE
    quality = leave_one_out([(labels, [0, 1, 2], ISOTROPIC)], "axial")
    assert quality.dice == {2: {1: 1.0}}


def test_a_gap_that_was_not_measured_counts_as_the_next_longer_one() -> None:
    quality = InterpolationQuality(
        {2: 9, 4: 2, 6: 9}, {2: {1: 0.9}, 4: {1: 0.1}, 6: {1: 0.8, 2: 0.6}}
    )
    assert quality.weight(2) == 0.9
    assert quality.weight(3) == quality.weight(4) == pytest.approx(0.7)


def test_a_gap_longer_than_any_measured_says_nothing_and_counts_half_at_most() -> None:
    quality = InterpolationQuality({2: 9, 6: 4}, {2: {1: 0.9}, 6: {1: 0.1}})
    assert quality.measured(2) == 0.9
    assert quality.measured(3) is None
    assert quality.weight(3) == 0.5
    poor = InterpolationQuality({2: 9, 3: 9}, {2: {1: 0.4}, 3: {1: 0.3}})
    assert poor.weight(4) == 0.3


def test_without_a_measurement_a_pseudo_slice_counts_half() -> None:
    labels = tube([6] * 5)
    nothing = leave_one_out([(labels, [0, 4], ISOTROPIC)], "axial")
    for quality in (None, nothing):
        found = pseudo_slices(labels, [0, 4], "axial", ISOTROPIC, quality=quality)
        assert found.weights.tolist() == [0.5] * 3


def test_a_pseudo_slice_counts_what_its_gap_was_measured_at() -> None:
    rough = np.random.default_rng(0).integers(0, 2, (24, 9, 9), np.uint8)
    quality = leave_one_out([(rough, range(24), ISOTROPIC)], "axial")
    found = pseudo_slices(rough, [0, 2, 5], "axial", ISOTROPIC, quality=quality)
    assert found.gaps.tolist() == [2, 3, 3]
    assert found.weights == pytest.approx([quality.weight(gap) for gap in (2, 3, 3)])
    assert 0.3 < quality.dice[2][1] < 0.7
