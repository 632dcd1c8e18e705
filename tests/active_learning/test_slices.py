"""Cutting stacks out of volumes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.active_learning.slices import LabelledSlices, fit_to, slice_stack
from napari_salient.data.label_values import UNSURE
from napari_salient.data.planes import PLANES, Plane, axis_of, slice_of


@pytest.mark.parametrize("plane", PLANES)
def test_middle_of_a_stack_is_the_slice_itself(plane: Plane) -> None:
    image = np.random.default_rng(0).random((2, 5, 6, 7), dtype=np.float32)
    stack = slice_stack(image, plane, 3, context=1)
    assert stack.shape[0] == 6
    np.testing.assert_array_equal(stack[1], slice_of(image, plane, 3)[0])
    np.testing.assert_array_equal(stack[4], slice_of(image, plane, 3)[1])


@pytest.mark.parametrize("plane", PLANES)
def test_neighbours_stand_in_order_and_the_ends_repeat(plane: Plane) -> None:
    axis = axis_of(plane)
    shape = [1, 1, 1]
    shape[axis] = 4
    ramp = np.arange(4, dtype=np.float32).reshape(shape)[None]
    assert slice_stack(ramp, plane, 2, 1).ravel().tolist() == [1, 2, 3]
    assert slice_stack(ramp, plane, 0, 2).ravel().tolist() == [0, 0, 0, 1, 2]
    assert slice_stack(ramp, plane, 3, 1).ravel().tolist() == [2, 3, 3]


@given(
    have=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    want=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 50),
)
def test_fitting_never_invents_labels(
    have: tuple[int, int], want: tuple[int, int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, have).astype(np.uint8)
    stack = (label[None] + 10).astype(np.float32)
    cut, cut_label = fit_to(stack, label, want, rng)
    assert cut.shape == (1, *want)
    assert cut_label.shape == want
    inside = cut[0] > 0
    np.testing.assert_array_equal(cut[0][inside] - 10, cut_label[inside])
    assert (cut_label[~inside] == UNSURE).all()
    assert inside.sum() == min(have[0], want[0]) * min(have[1], want[1])


def test_a_crop_mostly_shows_what_is_labelled() -> None:
    label = np.zeros((200, 200), np.uint8)
    label[180:185, 5:9] = 1
    rng = np.random.default_rng(0)
    seen = [
        fit_to(label[None].astype(np.float32), label, (32, 32), rng)[1].any() for _ in range(50)
    ]
    assert np.mean(seen) > 0.6


def test_unsure_pixels_are_not_counted() -> None:
    slices = LabelledSlices(context=0)
    labels = np.zeros((2, 3, 4), np.uint8)
    labels[0, 0] = UNSURE
    labels[0, 1] = 1
    slices.add(np.zeros((1, 2, 3, 4), np.float32), labels, "axial", [0])
    assert slices.pixel_counts(2).tolist() == [4, 4]
