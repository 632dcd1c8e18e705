from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_salient.errors import ProjectError
from napari_salient.project.edits import box_slices, diff_box, pack_voxels, unpack_voxels

volumes = array_shapes(min_dims=3, max_dims=3, max_side=5).flatmap(
    lambda shape: st.tuples(*[arrays(np.uint8, shape, elements=st.integers(0, 1))] * 2)
)


@given(volumes)
def test_the_box_holds_every_change_and_is_as_small_as_can_be(pair) -> None:
    before, after = pair
    box = diff_box(before, after)
    where = np.argwhere(before != after)
    if not where.size:
        assert box is None
        return
    bounds = np.stack([where.min(0), where.max(0) + 1], axis=1)
    assert box == tuple(bounds.ravel().tolist())


@given(arrays(np.uint8, array_shapes(min_dims=3, max_dims=3, max_side=4)))
def test_packed_voxels_come_back(voxels) -> None:
    box = (0, voxels.shape[0], 2, 2 + voxels.shape[1], 7, 7 + voxels.shape[2])
    assert np.array_equal(unpack_voxels(pack_voxels(voxels, box), box), voxels)


def test_voxels_that_do_not_fill_their_box_are_refused() -> None:
    with pytest.raises(ValueError, match="holds"):
        pack_voxels(np.zeros((1, 2, 3), np.uint8), (0, 1, 0, 2, 0, 2))


def test_damaged_voxels_are_a_sentence() -> None:
    with pytest.raises(ProjectError, match=r"stored edit of the journal is damaged"):
        unpack_voxels(b"garbage", (0, 1, 0, 1, 0, 1))


def test_a_box_selects_from_a_volume() -> None:
    assert np.zeros((9, 9, 9))[box_slices((0, 1, 2, 4, 3, 6))].shape == (1, 2, 3)
