"""Painted regions become targets of the patches they are about, and of no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from napari_salient.caries.localisation import iou_ceiling, mean_iou
from napari_salient.caries.targets import patch_targets

from .toys import GRID, OVERLAPPING, rectangle

if TYPE_CHECKING:
    from napari_salient.data.patch_grid import PatchGrid

ALL = np.ones((GRID.height, GRID.width), bool)


def discs(grid: PatchGrid, places: list[tuple[int, int, float]]) -> np.ndarray:
    y, x = np.indices((grid.height, grid.width))
    mask = np.zeros((grid.height, grid.width), bool)
    for row, column, radius in places:
        mask |= (y - row) ** 2 + (x - column) ** 2 <= radius**2
    return mask


some_discs = st.lists(
    st.tuples(st.integers(0, 39), st.integers(0, 47), st.floats(0.5, 9)), min_size=1, max_size=4
)
both_grids = pytest.mark.parametrize("grid", [GRID, OVERLAPPING])


def rows_and_columns(values: np.ndarray, grid: PatchGrid = GRID) -> list[list[int]]:
    return np.argwhere(values.reshape(grid.shape)).tolist()


def test_a_quarter_of_a_patch_makes_it_positive_and_less_does_not() -> None:
    # Whole in one patch, a quarter of the next, an eighth of the one below.
    lesion = rectangle(GRID, 8, 8, 12, 13)
    lesion[12, 8:10] = True
    targets = patch_targets(GRID, lesion[None])
    assert rows_and_columns(targets.positive) == [[2, 2], [2, 3]]
    assert set(np.unique(targets.positive)) == {0, 1}


@both_grids
def test_a_lesion_of_one_pixel_has_the_patch_that_is_centred_on_it_best(grid: PatchGrid) -> None:
    lesion = rectangle(grid, 21, 21, 22, 22)
    (patch,) = np.flatnonzero(patch_targets(grid, lesion[None]).positive)
    top, left, bottom, right = grid.boxes[patch]
    assert abs((top + bottom) / 2 - 21.5) <= 2
    assert abs((left + right) / 2 - 21.5) <= 2


@both_grids
@given(places=some_discs)
def test_every_lesion_has_a_positive_patch(
    grid: PatchGrid, places: list[tuple[int, int, float]]
) -> None:
    lesion = discs(grid, places)
    positive = patch_targets(grid, lesion[None]).positive[:, 0] > 0
    parts, count = ndimage.label(lesion, np.ones((3, 3)))
    for number in range(1, count + 1):
        assert (grid.covered_area(parts == number) * positive).any()


@given(some_discs)
def test_targets_do_not_widen_a_lesion(places: list[tuple[int, int, float]]) -> None:
    # Any overlap did. Patches side by side have at most four times the lesion, and one each.
    lesion = discs(GRID, places)
    positive = patch_targets(GRID, lesion[None]).positive[:, 0] > 0
    touched = GRID.coverage(lesion) > 0
    assert not (positive & ~touched).any()
    assert positive.sum() * GRID.window**2 <= 4 * lesion.sum() + len(places) * GRID.window**2


@both_grids
@pytest.mark.parametrize("radius", [2, 3, 4, 6])
def test_positive_patches_are_fewer_than_those_with_any_overlap(
    grid: PatchGrid, radius: int
) -> None:
    lesion = discs(grid, [(19, 22, radius)])
    positive = patch_targets(grid, lesion[None]).positive[:, 0] > 0
    assert 0 < positive.sum() < 0.75 * (grid.coverage(lesion) > 0).sum()


@pytest.mark.parametrize("radius", [2, 3, 4, 6])
def test_patches_side_by_side_show_a_lesion_about_as_well_as_they_can(radius: int) -> None:
    shown, ceilings = [], []
    for y, x in np.ndindex(4, 4):
        lesion = discs(GRID, [(18 + y, 22 + x, radius)])
        positive = patch_targets(GRID, lesion[None]).positive[:, 0]
        shown.append(mean_iou([GRID.spread(positive)], [lesion]))
        ceilings.append(iou_ceiling(GRID, lesion))
    assert np.mean(shown) > 0.9 * np.mean(ceilings)


def test_only_patches_examined_in_all_parts_are_negative() -> None:
    lesion = rectangle(GRID, 8, 8, 12, 12)
    examined = rectangle(GRID, 4, 4, 19, 20)
    targets = patch_targets(GRID, lesion[None], examined=examined)
    inside = [[row, column] for row in (1, 2, 3) for column in (1, 2, 3, 4)]
    assert rows_and_columns(targets.negative) == [place for place in inside if place != [2, 2]]
    assert rows_and_columns(targets.positive) == [[2, 2]]


def test_nothing_is_negative_where_nobody_looked() -> None:
    lesion = rectangle(GRID, 8, 8, 12, 12)
    targets = patch_targets(GRID, lesion[None], excluded=rectangle(GRID, 20, 20, 30, 30))
    assert not targets.negative.any()
    assert not patch_targets(GRID, np.zeros((1, 40, 48), bool)).positive.any()


@given(some_discs)
def test_no_patch_is_positive_and_negative(places: list[tuple[int, int, float]]) -> None:
    lesion = discs(GRID, places)
    targets = patch_targets(GRID, lesion[None], examined=ALL, excluded=lesion)
    assert not ((targets.positive > 0) & (targets.negative > 0)).any()
    assert not ((targets.positive[:, 0] > 0) & (targets.avoided > 0)).any()
    assert ((targets.positive > 0) | (targets.negative > 0)).all()


def test_the_edge_of_a_lesion_counts_less_as_negative() -> None:
    lesion = rectangle(GRID, 8, 8, 12, 12)
    lesion[12, 8:11] = True
    negative = patch_targets(GRID, lesion[None], examined=ALL).negative.reshape(GRID.shape)
    assert negative[3, 2] == pytest.approx(1 - 3 / 16)
    assert negative[5, 5] == 1


def test_a_model_that_is_less_sure_counts_less() -> None:
    soft = 0.3 * np.ones((1, 40, 48))
    soft[0, 8:12, 8:12] = 0.8
    targets = patch_targets(GRID, soft, examined=ALL)
    assert rows_and_columns(targets.positive) == [[2, 2]]
    assert targets.positive.max() == pytest.approx(0.8)
    assert targets.negative.max() == pytest.approx(0.7)


def test_each_region_counts_by_how_far_its_author_is_trusted() -> None:
    lesion = rectangle(GRID, 8, 8, 12, 12) | rectangle(GRID, 24, 24, 28, 28)
    trust = np.where(rectangle(GRID, 0, 0, 20, 20), 0.4, 1.0)
    excluded = rectangle(GRID, 0, 0, 4, 4)
    targets = patch_targets(GRID, lesion[None], excluded=excluded, confidence=trust)
    positive = targets.positive.reshape(GRID.shape)
    assert (positive[2, 2], positive[6, 6]) == pytest.approx((0.4, 1.0))
    assert targets.avoided[0] == pytest.approx(0.4)


def test_patches_mostly_excluded_are_avoided() -> None:
    targets = patch_targets(GRID, np.zeros((1, 40, 48), bool), excluded=rectangle(GRID, 0, 0, 4, 7))
    assert rows_and_columns(targets.avoided) == [[0, 0], [0, 1]]
    assert not targets.positive.any()


def test_each_class_has_its_own_lesions() -> None:
    lesions = np.stack([rectangle(GRID, 8, 8, 12, 12), rectangle(GRID, 24, 24, 28, 28)])
    positive = patch_targets(GRID, lesions).positive
    assert rows_and_columns(positive[:, 0]) == [[2, 2]]
    assert rows_and_columns(positive[:, 1]) == [[6, 6]]
