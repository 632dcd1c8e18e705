"""The patch grid against plain loops: any window, stride, offset and border."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.data.patch_grid import PatchGrid

FINE = 4
"""Parts of a pixel side in which the plain versions count."""


@st.composite
def grids(draw: st.DrawFn) -> PatchGrid:
    """Return a grid on a small image, its lengths multiples of a quarter of a pixel."""
    quarters = st.integers(1, 6 * FINE).map(lambda n: n / FINE)
    corner = st.integers(-3 * FINE, 3 * FINE).map(lambda n: n / FINE)
    small = st.integers(1, 9)
    return PatchGrid(
        draw(small),
        draw(small),
        draw(st.integers(1, 5)),
        draw(st.integers(1, 5)),
        window=draw(quarters),
        stride=draw(quarters),
        offset=(draw(corner), draw(corner)),
    )


def fine(image: np.ndarray) -> np.ndarray:
    return image.repeat(FINE, 0).repeat(FINE, 1)


def fine_windows(grid: PatchGrid) -> list[np.ndarray]:
    """Return the window of each patch as a mask of quarter pixels."""
    windows = []
    for row in range(grid.rows):
        for column in range(grid.columns):
            y, x = (
                round(FINE * (grid.offset[axis] + n * grid.stride))
                for axis, n in enumerate((row, column))
            )
            mask = np.zeros((FINE * grid.height, FINE * grid.width), bool)
            end = round(FINE * grid.window)
            mask[max(y, 0) : max(y + end, 0), max(x, 0) : max(x + end, 0)] = True
            windows.append(mask)
    return windows


@given(grids(), st.integers(0, 2**16))
def test_coverage_is_the_share_of_the_window_that_a_mask_has(grid: PatchGrid, seed: int) -> None:
    mask = np.random.default_rng(seed).random((grid.height, grid.width)) < 0.5
    covered = grid.coverage(mask)
    for share, window in zip(covered, fine_windows(grid), strict=True):
        assert share == pytest.approx(fine(mask)[window].mean() if window.any() else 0, abs=1e-9)


@given(grids(), st.integers(0, 2**16))
def test_a_map_is_the_mean_of_the_windows_over_each_pixel(grid: PatchGrid, seed: int) -> None:
    values = np.random.default_rng(seed).random(len(grid))
    sums, counts = np.zeros((2, FINE * grid.height, FINE * grid.width))
    for value, window in zip(values, fine_windows(grid), strict=True):
        sums[window] += value
        counts[window] += 1
    blocks = (grid.height, FINE, grid.width, FINE)
    sums, counts = (part.reshape(blocks).sum(axis=(1, 3)) for part in (sums, counts))
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(grid.spread(values), sums / counts, rtol=1e-6)


@given(grids())
def test_covering_everything_covers_patches_exactly_and_nothing_none(grid: PatchGrid) -> None:
    inside = np.array([window.any() for window in fine_windows(grid)])
    np.testing.assert_array_equal(grid.coverage(np.ones((grid.height, grid.width))), inside)
    assert not grid.coverage(np.zeros((grid.height, grid.width), bool)).any()


@given(st.integers(1, 40), st.integers(1, 12), st.floats(0.3, 9), st.floats(0.3, 9))
def test_coverage_stays_a_share_for_lengths_that_do_not_divide(
    side: int, count: int, window: float, stride: float
) -> None:
    grid = PatchGrid(side, side, count, count, window, stride, (-1 / 3, 0.1))
    covered = grid.coverage(np.ones((side, side)))
    assert set(np.unique(covered)) <= {0.0, 1.0}


@given(grids(), st.integers(0, 2**16))
def test_a_part_of_the_image_covers_what_it_covers_in_the_whole(grid: PatchGrid, seed: int) -> None:
    rng = np.random.default_rng(seed)
    (top, bottom), (left, right) = (
        sorted(rng.integers(0, side, 2, endpoint=True)) for side in (grid.height, grid.width)
    )
    part = rng.random((bottom - top, right - left))
    whole = np.zeros((grid.height, grid.width))
    whole[top:bottom, left:right] = part
    np.testing.assert_array_equal(grid.coverage(part, (top, left)), grid.coverage(whole))


@given(grids())
def test_boxes_are_the_windows_inside_the_image(grid: PatchGrid) -> None:
    for (top, left, bottom, right), window in zip(grid.boxes, fine_windows(grid), strict=True):
        assert (bottom - top) * (right - left) * FINE**2 == window.sum()
        if window.any():
            rows, columns = np.nonzero(window)
            assert (top * FINE, left * FINE) == (rows[0], columns[0])


@pytest.mark.parametrize(("window", "stride"), [(3, 2), (2, 2), (4, 1), (3, 3)])
def test_a_map_agrees_with_folding_patches_back(window: int, stride: int) -> None:
    rows, columns = 4, 3
    sides = [window + stride * (n - 1) for n in (rows, columns)]
    grid = PatchGrid(*sides, rows, columns, window, stride)
    values = torch.rand(rows * columns)
    both = torch.stack([values, torch.ones_like(values)])[:, None].expand(-1, window**2, -1)
    sums, counts = F.fold(both, sides, window, stride=stride)[:, 0]
    np.testing.assert_allclose(grid.spread(values.numpy()), sums / counts, rtol=1e-6)


def test_with_a_stride_a_patch_keeps_its_place_and_gaps_are_no_number() -> None:
    # The published maps put patch (r, c) at cell (r, c) whatever the stride, and divided 0 by 0.
    grid = PatchGrid(8, 8, 2, 2, window=2, stride=4)
    values = np.array([0.0, 0.0, 0.0, 1.0])
    with np.errstate(all="raise"):
        shown = grid.spread(values)
    assert np.argwhere(shown == 1).tolist() == [[4, 4], [4, 5], [5, 4], [5, 5]]
    assert np.isnan(shown[2:4]).all()
    assert np.isfinite(shown[:2, :2]).all()


def test_a_mask_that_does_not_fit_the_image_is_refused() -> None:
    grid = PatchGrid(8, 8, 2, 2, window=4, stride=4)
    with pytest.raises(ValueError, match="mask of 8 x 9 px"):
        grid.coverage(np.ones((8, 9)))
