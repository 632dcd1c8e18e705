"""Smoothing, islands and holes of a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_salient.active_learning.prompts import drop_small, fill_holes, keep_largest, smooth
from napari_salient.data.label_values import UNSURE
from napari_salient.errors import InputError
from napari_salient.project.edits import box_slices

if TYPE_CHECKING:
    from napari_salient.active_learning.prompts import Relabelling

MM = (1.0, 1.0, 1.0)
label_arrays = arrays(np.uint8, (5, 6, 7), elements=st.sampled_from([0, 0, 1, 1, 2, UNSURE])).map(
    lambda labels: np.where(np.arange(210).reshape(5, 6, 7) == 100, np.uint8(1), labels)
)
"""Labels with at least one voxel of class 1."""
spacings = st.tuples(*[st.sampled_from([0.5, 1.0, 3.0])] * 3)

REPAIRS = {
    "smooth": lambda labels, spacing: smooth(labels, 1, spacing, 1.0),
    "keep_largest": lambda labels, spacing: keep_largest(labels, 1),
    "drop_small": lambda labels, spacing: drop_small(labels, 1, spacing, 3.0),
    "fill_holes": lambda labels, spacing: fill_holes(labels, 1),
}
every_repair = pytest.mark.parametrize("repair", REPAIRS.values(), ids=REPAIRS.keys())
Repair = "Callable[[np.ndarray, tuple[float, float, float]], Relabelling | None]"


def applied(labels: np.ndarray, change: Relabelling | None) -> np.ndarray:
    after = labels.copy()
    if change is not None:
        after[box_slices(change.box)] = change.labels
    return after


def ball(radius: float, spacing: tuple[float, float, float] = MM) -> np.ndarray:
    """A ball in mm in the middle of a cube of 21 mm."""
    axes = [np.arange(0, 21, edge) - 10 for edge in spacing]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return ((z**2 + y**2 + x**2) <= radius**2).astype(np.uint8)


@every_repair
@given(labels=label_arrays, spacing=spacings)
def test_a_repair_keeps_other_classes_and_what_is_unsure(
    repair: Repair, labels: np.ndarray, spacing: tuple[float, float, float]
) -> None:
    after = applied(labels, repair(labels, spacing))
    others = (labels == 2) | (labels == UNSURE)
    assert (after[others] == labels[others]).all()
    assert set(np.unique(after)) <= {0, *np.unique(labels)}


@every_repair
@given(labels=label_arrays, spacing=spacings, axis=st.sampled_from([0, 1, 2]))
def test_a_flipped_volume_is_repaired_alike(
    repair: Repair, labels: np.ndarray, spacing: tuple[float, float, float], axis: int
) -> None:
    flipped = np.flip(labels, axis)
    after = applied(flipped, repair(flipped, spacing))
    assert (np.flip(after, axis) == applied(labels, repair(labels, spacing))).all()


@every_repair
@given(labels=label_arrays, spacing=spacings, order=st.permutations([0, 1, 2]))
def test_axes_in_another_order_are_repaired_alike(
    repair: Repair, labels: np.ndarray, spacing: tuple[float, float, float], order: list[int]
) -> None:
    turned = labels.transpose(order)
    after = applied(turned, repair(turned, tuple(spacing[axis] for axis in order)))
    assert (after == applied(labels, repair(labels, spacing)).transpose(order)).all()


@every_repair
@given(labels=label_arrays, spacing=spacings)
def test_a_repair_changes_nothing_in_place(
    repair: Repair, labels: np.ndarray, spacing: tuple[float, float, float]
) -> None:
    before = labels.copy()
    change = repair(labels, spacing)
    if change is not None:
        change.labels[:] = 77
    assert (labels == before).all()


@every_repair
def test_a_class_without_a_voxel_is_refused(repair: Repair) -> None:
    with pytest.raises(InputError, match="No voxel has the class"):
        repair(np.zeros((3, 3, 3), np.uint8), MM)


@pytest.mark.parametrize("repair", [r for n, r in REPAIRS.items() if n != "smooth"])
@given(labels=label_arrays)
def test_what_was_repaired_once_needs_it_no_more(repair: Repair, labels: np.ndarray) -> None:
    after = applied(labels, repair(labels, MM))
    if (after == 1).any():
        assert repair(after, MM) is None


def test_smoothing_takes_off_a_spike_and_fills_a_dent() -> None:
    labels = ball(6)
    labels[10, 10, 17:20] = 1
    labels[4, 10, 10] = labels[5, 10, 10] = 0
    after = applied(labels, smooth(labels, 1, MM, 1.0))
    assert not after[10, 10, 17:20].any()
    assert after[5, 10, 10] == 1
    assert np.count_nonzero(after != ball(6)) < 0.06 * np.count_nonzero(ball(6))


def test_smoothing_is_as_wide_in_mm_along_every_axis() -> None:
    volumes = []
    for spacing in (MM, (3.0, 1.0, 1.0)):
        labels = ball(7, spacing)
        after = applied(labels, smooth(labels, 1, spacing, 2.0))
        volumes.append(np.count_nonzero(after) * np.prod(spacing))
    assert volumes[0] == pytest.approx(volumes[1], rel=0.05)


def test_smoothing_takes_from_other_values_only_where_told() -> None:
    labels = ball(6)
    labels[10, 10, 10] = UNSURE
    assert applied(labels, smooth(labels, 1, MM, 1.0))[10, 10, 10] == UNSURE
    assert applied(labels, smooth(labels, 1, MM, 1.0, over=(UNSURE,)))[10, 10, 10] == 1


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), float("inf")])
def test_smoothing_by_no_width_is_refused(width: float) -> None:
    with pytest.raises(InputError, match="choose a positive width"):
        smooth(ball(3), 1, MM, width)


def test_the_largest_part_is_kept_and_parts_of_one_edge_are_two() -> None:
    labels = np.zeros((4, 4, 4), np.uint8)
    labels[0, 0, :3] = 1
    labels[1, 1, :2] = 1
    change = keep_largest(labels, 1)
    assert change is not None
    assert change.box == (1, 2, 1, 2, 0, 2)
    assert not change.labels.any()


def test_parts_are_small_or_not_by_their_volume_in_mm3() -> None:
    labels = np.zeros((3, 3, 9), np.uint8)
    labels[1, 1, 0:2] = labels[1, 1, 4:8] = 1
    assert np.count_nonzero(applied(labels, drop_small(labels, 1, (1.0, 1.0, 1.0), 3.0))) == 4
    assert drop_small(labels, 1, (2.0, 1.0, 1.0), 3.0) is None
    assert not applied(labels, drop_small(labels, 1, (1.0, 0.5, 1.0), 3.0)).any()


def test_a_hole_is_filled_around_another_class_and_a_tunnel_only_on_slices() -> None:
    labels = np.zeros((5, 5, 5), np.uint8)
    labels[1:4, 1:4, 1:4] = 1
    labels[2, 2, 2] = 0
    assert applied(labels, fill_holes(labels, 1))[2, 2, 2] == 1
    labels[:, 2, 2] = 0
    labels[2, 2, 2] = 2
    assert fill_holes(labels, 1) is None
    assert applied(labels, fill_holes(labels, 1, "axial"))[:, 2, 2].tolist() == [0, 1, 2, 1, 0]
    assert fill_holes(labels, 1, "coronal") is None
