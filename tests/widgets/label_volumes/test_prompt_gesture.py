from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import label

from napari_salient.widgets.label_volumes.prompt_gesture import box, brushed, line

on_a_slice = st.lists(
    st.tuples(st.just(4), st.integers(-3, 30), st.integers(-3, 30)), min_size=1, max_size=5
)


@given(on_a_slice)
def test_a_line_holds_what_the_mouse_was_over_and_has_no_gaps(path):
    voxels = np.asarray(line(path))
    assert set(path) <= set(map(tuple, voxels.tolist()))
    assert (voxels[:, 0] == 4).all()
    marked = np.zeros((34, 34), bool)
    marked[tuple(voxels[:, 1:].T + 3)] = True
    assert label(marked, np.ones((3, 3)))[1] == 1


def test_a_box_is_one_slice_thick_and_may_be_drawn_from_any_corner():
    assert box([(4, 2, 9), (4, 7, 3)], 0) == (4, 5, 2, 8, 3, 10)
    assert box([(4, 7, 3), (9, 9, 9), (4, 2, 9)], 0) == (4, 5, 2, 8, 3, 10)
    assert box([(2, 5, 9), (7, 5, 3)], 1) == (2, 8, 5, 6, 3, 10)


def test_a_box_without_a_width_is_empty():
    assert box([(4, 2, 9), (4, 2, 3)], 0)[2:4] == (2, 2)
    assert box([(4, 2, 9)], 0) == (4, 5, 2, 2, 9, 9)


@given(on_a_slice, st.sampled_from([0.0, 1.0, 2.5]), st.sampled_from([(3, 1, 1), (2, 1, 0.5)]))
def test_a_brush_is_round_in_mm_and_stays_on_its_slice(path, radius, spacing):
    voxels = np.asarray(brushed(path, 0, radius, spacing))
    assert (voxels[:, 0] == 4).all()
    centres = np.asarray(line(path))
    steps = (voxels[:, None] - centres) * np.asarray(spacing)
    nearest = np.hypot.reduce(steps, axis=2).min(axis=1)
    assert nearest.max() <= radius
    assert set(map(tuple, centres.tolist())) <= set(map(tuple, voxels.tolist()))


def test_a_small_brush_on_thick_slices_covers_a_disc():
    assert len(brushed([(4, 9, 9)], 0, 1.0, (3, 1, 1))) == 5
