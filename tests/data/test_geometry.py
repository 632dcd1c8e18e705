from __future__ import annotations

from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from napari_salient.data.geometry import (
    AxisOrder,
    display_spacing,
    from_display,
    is_singular,
    on_grid,
    to_display,
)

ORDERS = tuple(product(permutations(range(3)), product((1, -1), repeat=3)))
SPACING = np.array([0.8, 1.1, 2.5])
VOXELS = np.arange(3 * 4 * 5).reshape(3, 4, 5)


def affine_of(order, signs, spacing=SPACING, degrees=(0.0, 0.0, 0.0), origin=(-7.0, 5.0, 3.0)):
    """The affine of a file whose axes run along the world's in this order, turned by an angle."""
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, list(order)] * signs * spacing
    affine[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix() @ affine[:3, :3]
    affine[:3, 3] = origin
    return affine


def as_nibabel_shows(voxels, affine):
    """The display orientation by another way: nibabel's R, A, S axes, reversed and transposed."""
    canonical = nib.as_closest_canonical(nib.Nifti1Image(voxels.astype(np.int32), affine))
    return np.asarray(canonical.dataobj)[::-1, ::-1, ::-1].T


def test_there_are_48_axis_orders():
    assert len({AxisOrder.of(affine_of(*order)) for order in ORDERS}) == 48


@pytest.mark.parametrize(("order", "signs"), ORDERS)
def test_all_axis_orders_are_shown_alike_and_come_back(order, signs):
    affine = affine_of(order, signs)
    shown = to_display(VOXELS, affine)
    assert np.array_equal(shown, as_nibabel_shows(VOXELS, affine))
    assert np.array_equal(from_display(shown, affine), VOXELS)
    assert AxisOrder.of(affine).shape(VOXELS.shape) == shown.shape


@pytest.mark.parametrize(("order", "signs"), ORDERS)
def test_the_first_voxel_shown_is_superior_anterior_and_right(order, signs):
    affine = affine_of(order, signs)
    i, j, k = np.argwhere(to_display(VOXELS, affine)[0, 0, 0] == VOXELS)[0]
    corners = [nib.affines.apply_affine(affine, c) for c in product((0, 2), (0, 3), (0, 4))]
    assert np.allclose(nib.affines.apply_affine(affine, (i, j, k)), np.max(corners, axis=0))


@pytest.mark.parametrize(("order", "signs"), ORDERS)
def test_channels_stay_first_in_the_display_and_last_in_the_file(order, signs):
    affine = affine_of(order, signs)
    stored = np.stack([VOXELS, -VOXELS], axis=-1)
    shown = to_display(stored, affine)
    assert np.array_equal(shown[1], to_display(-VOXELS, affine))
    assert np.array_equal(from_display(shown, affine), stored)


@given(
    st.sampled_from(ORDERS),
    st.tuples(*[st.floats(-180, 180)] * 3),
    st.tuples(*[st.floats(0.1, 9)] * 3),
)
def test_oblique_and_anisotropic_grids_come_back(order, degrees, spacing):
    affine = affine_of(*order, spacing=np.array(spacing), degrees=degrees)
    shown = to_display(VOXELS, affine)
    assert np.array_equal(shown, as_nibabel_shows(VOXELS, affine))
    assert np.array_equal(from_display(shown, affine), VOXELS)
    assert sorted(display_spacing(affine)) == pytest.approx(sorted(spacing))


def test_the_change_of_axes_copies_nothing():
    affine = affine_of((2, 0, 1), (1, -1, 1))
    assert np.shares_memory(to_display(VOXELS, affine), VOXELS)
    assert np.shares_memory(from_display(VOXELS, affine), VOXELS)


@pytest.mark.parametrize(
    "affine",
    [
        np.zeros((4, 4)),
        np.diag([1.0, 0.0, 1.0, 1.0]),
        np.diag([1.0, np.nan, 1.0, 1.0]),
        np.diag([1.0, np.inf, 1.0, 1.0]),
        np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
    ],
)
def test_an_affine_without_volume_is_singular(affine):
    assert is_singular(affine)


@given(st.sampled_from(ORDERS), st.tuples(*[st.floats(-180, 180)] * 3), st.floats(1e-4, 1e4))
def test_no_turned_grid_is_singular_whatever_its_scale(order, degrees, scale):
    assert not is_singular(affine_of(*order, spacing=SPACING * scale, degrees=degrees))


def reordered(affine, order, signs):
    """The same grid as `affine` and the voxels VOXELS, stored in another axis order."""
    image = nib.Nifti1Image(VOXELS.astype(np.int32), affine)
    orientation = np.array(list(zip(order, signs, strict=True)), float)
    turned = image.as_reoriented(orientation)
    return np.asarray(turned.dataobj), turned.affine


@given(st.sampled_from(ORDERS), st.sampled_from(ORDERS), st.tuples(*[st.floats(-180, 180)] * 3))
def test_the_same_grid_is_known_in_any_axis_order(order, other, degrees):
    affine = affine_of(*order, degrees=degrees)
    voxels, its_affine = reordered(affine, *other)
    assert np.array_equal(on_grid(voxels, its_affine, VOXELS.shape, affine), VOXELS)


@pytest.mark.parametrize(
    ("shift", "same"), [(0.0, True), (0.05, True), (0.2, False), (1.0, False), (-1.0, False)]
)
def test_a_grid_shifted_by_more_than_a_tenth_of_a_voxel_is_another(shift, same):
    affine = affine_of((0, 1, 2), (1, 1, 1))
    moved = affine.copy()
    moved[:3, 3] += affine[:3, 2] * shift
    assert (on_grid(VOXELS, moved, VOXELS.shape, affine) is not None) == same


@pytest.mark.parametrize("change", [{"degrees": (5.0, 0.0, 0.0)}, {"spacing": SPACING * 1.05}])
def test_a_turned_or_stretched_grid_is_another(change):
    affine, other = (affine_of((0, 1, 2), (1, 1, 1), **which) for which in ({}, change))
    assert on_grid(VOXELS, other, VOXELS.shape, affine) is None


def test_another_shape_is_another_grid():
    affine = affine_of((0, 1, 2), (1, 1, 1))
    assert on_grid(VOXELS, affine, (5, 4, 3), affine) is None
