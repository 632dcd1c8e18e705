"""Rotation: ten turns that can be told apart, and nothing but the anatomy tells them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.errors import InputError
from napari_salient.pretraining.rotation import Rotation, RotationDraw, Turn, turn

from .toys import example


def test_the_ten_rotations_of_an_asymmetric_cube_are_all_different(geometry):
    rotation = Rotation(geometry(3))
    cube = torch.arange(4**3).reshape(1, 4, 4, 4)
    turned = [turn(cube, by) for by in rotation.turns]
    assert len(turned) == rotation.classes == 10
    assert all(not torch.equal(a, b) for a, b in itertools.combinations(turned, 2))
    assert torch.equal(turned[0], cube)


def test_slices_have_four_rotations(geometry):
    rotation = Rotation(geometry(2))
    square = torch.arange(16).reshape(1, 4, 4)
    turned = [turn(square, by) for by in rotation.turns]
    assert len(turned) == 4
    assert all(not torch.equal(a, b) for a, b in itertools.combinations(turned, 2))


@given(label=st.integers(0, 9), seed=st.integers(0, 99))
def test_turning_back_restores_the_view(label, seed):
    by = TEN[label]
    view = torch.from_numpy(np.random.default_rng(seed).standard_normal((2, 5, 5, 5)))
    back = Turn(by.second, by.first, by.quarters)
    assert torch.equal(turn(turn(view, by), back), view)


TEN = (
    Turn(0, 1, 0),
    *(Turn(a, b, k) for a, b in ((0, 1), (0, 2), (1, 2)) for k in (1, 2, 3)),
)


@pytest.mark.parametrize("dims", [2, 3])
def test_all_labels_are_drawn_equally_often(geometry, dims):
    rotation = Rotation(geometry(dims))
    rng = np.random.default_rng(0)
    drawn = np.bincount([rotation.draw(rng).label for _ in range(5000)])
    expected = 5000 / rotation.classes
    assert len(drawn) == rotation.classes
    assert (abs(drawn - expected) < 5 * np.sqrt(expected)).all()


def test_a_turned_view_keeps_its_sides_also_where_edges_are_only_nearly_equal(geometry):
    """The middle axis counts as equal to both others, which do not count as equal to each other."""
    rotation = Rotation(geometry(3, shape=(40, 40, 20), spacing=(1.0, 1.04, 1.08)))
    view = torch.zeros(1, *rotation.sides)
    assert rotation.classes == 8
    assert {turn(view, by).shape for by in rotation.turns} == {view.shape}


@pytest.mark.parametrize("label", range(10))
def test_a_turned_view_holds_the_voxels_of_the_volume_and_no_others(geometry, label):
    rotation = Rotation(geometry(3, shape=(26, 31, 40)))
    _, _, windows = example(rotation)
    view = rotation.apply(windows, RotationDraw(label))["views"][0]
    assert view.shape == windows[0].shape == (1, 26, 26, 26)
    assert torch.equal(view.flatten().sort().values, windows.flatten().sort().values)


@pytest.mark.parametrize(
    ("spacing", "classes"), [((5, 1, 1), 6), ((1, 1, 1.02), 10), ((1, 2, 3), 4), ((1, 2, 1), 6)]
)
def test_thick_slices_are_never_turned_into_the_plane(geometry, spacing, classes):
    rotation = Rotation(geometry(3, spacing=spacing))
    assert rotation.classes == classes
    for by in rotation.turns:
        assert by.quarters in (0, 2) or abs(spacing[by.first] - spacing[by.second]) < 0.1
    assert bool(rotation.notes) == (classes < 10)


def test_slices_do_not_care_how_thick_they_are(geometry):
    assert Rotation(geometry(2, spacing=(5, 1, 1))).classes == 4
    stretched = Rotation(geometry(2, spacing=(1, 2, 1)))
    assert stretched.classes == 2
    assert "only 2 of 4" in stretched.notes[0]


def test_only_axes_that_turn_into_each_other_are_cut_alike(geometry):
    assert Rotation(geometry(3, shape=(12, 40, 30), spacing=(4, 1, 1))).sides == (12, 30, 30)


def test_small_volumes_are_refused_with_the_least_size(geometry):
    with pytest.raises(InputError, match="at least 8 x 8 x 8"):
        Rotation(geometry(3, shape=(30, 6, 30)))


def test_the_preview_says_how_a_view_was_turned(geometry):
    rotation = Rotation(geometry(3, plane="coronal"))
    _, made, _ = example(rotation)
    words = [rotation.preview(RotationDraw(label), made)[0].words for label in range(10)]
    assert words[0] == "not turned"
    assert words[1] == "turned by 90° in the plane (y, z)"
    assert len(set(words)) == 10
