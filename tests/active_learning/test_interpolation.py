"""Slices interpolated between labelled ones."""

from __future__ import annotations

import importlib.util
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_salient.active_learning.interpolation import Method, interpolate, pseudo_slices
from napari_salient.data.label_values import UNSURE
from napari_salient.data.labels import read_labels
from napari_salient.data.planes import PLANES, Plane, axis_of
from napari_salient.data.volumes import read_header
from napari_salient.errors import InputError

MM = (1.0, 1.0)
ITK = importlib.util.find_spec("itk") is not None

pytestmark = pytest.mark.filterwarnings("ignore:builtin type .*:DeprecationWarning")
"""ITK's bindings warn as they load, and crash where that is made an error."""

slices = arrays(np.uint8, (7, 9), elements=st.sampled_from([0, 1, 2, UNSURE]))
pairs = st.tuples(slices, slices)
counts = st.integers(1, 5)
spacings = st.tuples(*[st.sampled_from([0.5, 0.7, 1.0, 3.0])] * 2)


def disc(radius: float, *, y: float = 16, x: float = 16, value: int = 1) -> np.ndarray:
    yy, xx = np.mgrid[:33, :33]
    return np.where((yy - y) ** 2 + (xx - x) ** 2 <= radius**2, value, 0).astype(np.uint8)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


@given(slices, counts, spacings)
def test_between_two_equal_slices_lies_the_same_slice(
    label: np.ndarray, count: int, spacing: tuple[float, float]
) -> None:
    assert (interpolate(label, label, count, spacing) == label).all()


@given(pairs, counts, spacings)
def test_the_other_way_round_gives_the_same_slices_in_reverse(
    ends: tuple[np.ndarray, np.ndarray], count: int, spacing: tuple[float, float]
) -> None:
    forwards = interpolate(*ends, count, spacing)
    assert (interpolate(*ends[::-1], count, spacing)[::-1] == forwards).all()


@given(pairs, counts, spacings, st.integers(1, 4))
def test_background_around_changes_nothing(
    ends: tuple[np.ndarray, np.ndarray], count: int, spacing: tuple[float, float], margin: int
) -> None:
    framed = [np.pad(end, 1) for end in ends]
    wide = [np.pad(end, 1 + margin) for end in ends]
    inside = slice(margin, -margin)
    between = interpolate(*wide, count, spacing)
    assert (between[:, inside, inside] == interpolate(*framed, count, spacing)).all()
    assert np.count_nonzero(between) == np.count_nonzero(between[:, inside, inside])


@given(pairs, counts, spacings, st.sampled_from([0, 1]))
def test_flipped_ends_give_flipped_slices(
    ends: tuple[np.ndarray, np.ndarray], count: int, spacing: tuple[float, float], axis: int
) -> None:
    flipped = interpolate(*(np.flip(end, axis) for end in ends), count, spacing)
    assert (np.flip(flipped, axis + 1) == interpolate(*ends, count, spacing)).all()


@given(pairs, counts)
def test_no_class_appears_that_neither_end_has(
    ends: tuple[np.ndarray, np.ndarray], count: int
) -> None:
    assert set(np.unique(interpolate(*ends, count, MM))) <= {0, *np.unique(ends)}


@given(pairs, counts)
def test_what_is_unsure_in_both_ends_stays_unsure(
    ends: tuple[np.ndarray, np.ndarray], count: int
) -> None:
    both = (ends[0] == UNSURE) & (ends[1] == UNSURE)
    assert (interpolate(*ends, count, MM)[:, both] == UNSURE).all()


@given(pairs, counts, spacings, st.sampled_from([0.25, 2.0, 8.0]))
def test_only_the_proportions_of_a_pixel_matter(
    ends: tuple[np.ndarray, np.ndarray],
    count: int,
    spacing: tuple[float, float],
    scale: float,
) -> None:
    scaled = (spacing[0] * scale, spacing[1] * scale)
    assert (interpolate(*ends, count, scaled) == interpolate(*ends, count, spacing)).all()


@given(st.floats(1, 5), st.floats(0, 8), counts)
def test_between_nested_discs_the_slices_only_grow(inner: float, more: float, count: int) -> None:
    small, large = disc(inner), disc(inner + more)
    chain = [small, *interpolate(small, large, count, MM), large]
    for one, next_one in pairwise(chain):
        assert not (one > next_one).any()


def test_coarse_rows_are_measured_in_mm() -> None:
    """A pixel of 4 by 1 mm: an ellipse on the pixel grid that is a circle in space."""
    yy, xx = np.mgrid[:17, :65]

    def circle(radius_mm: float) -> np.ndarray:
        return ((4 * (yy - 8)) ** 2 + (xx - 32) ** 2 <= radius_mm**2).astype(np.uint8)

    middle = interpolate(circle(10), circle(30), 1, (4.0, 1.0))[0]
    as_if_square = interpolate(circle(10), circle(30), 1, MM)[0]
    assert dice(middle == 1, circle(20) == 1) > dice(as_if_square == 1, circle(20) == 1)
    assert dice(middle == 1, circle(20) == 1) > 0.97


@pytest.mark.parametrize("vanishing_last", [True, False])
def test_a_class_that_one_end_lacks_tapers_about_its_own_middle(vanishing_last: bool) -> None:
    ends = disc(12, y=12), np.zeros((33, 33), np.uint8)
    between = interpolate(*(ends if vanishing_last else ends[::-1]), 3, MM)
    sizes = (between == 1).sum((1, 2))
    widths = np.sqrt(sizes / np.pi)
    np.testing.assert_allclose(np.sort(widths)[::-1], [9, 6, 3], atol=0.5)
    assert list(sizes) == sorted(sizes, reverse=vanishing_last)
    assert (between[:, 12, 16] == 1).all()


def test_a_class_beside_a_vanishing_one_is_not_disturbed() -> None:
    staying, going = disc(6, x=8), disc(4, x=26, value=2)
    between = interpolate(staying + going, staying, 3, MM)
    assert ((between == 1) == (staying == 1)).all()
    assert (between == 2).any((1, 2)).all()


def test_touching_classes_whose_border_moves_leave_no_crack() -> None:
    first, last = np.ones((2, 20, 20), np.uint8)
    first[:, 6:], last[:, 14:] = 2, 2
    between = interpolate(first, last, 3, MM)
    assert (between > 0).all()
    assert [int((row == 1).sum()) for row in between[:, 10]] == [8, 10, 12]


def test_a_pixel_claimed_by_two_classes_goes_to_the_one_that_lies_deeper() -> None:
    first, last = disc(10, x=10), disc(10, x=22, value=2)
    between = interpolate(first, last, 1, MM)[0]
    assert (between[between > 0] == np.where(np.nonzero(between)[1] <= 16, 1, 2)).all()
    swapped = interpolate(first * 2, last // 2, 1, MM)[0]
    own = np.arange(33) != 16
    assert ((swapped == 1) == (between == 2))[:, own].all()


@pytest.mark.parametrize(("method", "least"), [("distance", 0.95), ("contours", 0.85)])
def test_every_fourth_slice_of_a_ball_gives_the_ball_back(method: Method, least: float) -> None:
    if method == "contours" and not ITK:
        pytest.skip("needs ITK's module")
    zz, yy, xx = np.mgrid[:33, :33, :33]
    ball = ((zz - 16) ** 2 + (yy - 16) ** 2 + (xx - 16) ** 2 <= 144).astype(np.uint8)
    found = pseudo_slices(ball, range(0, 33, 4), "axial", (1.0, 1.0, 1.0), method=method)
    assert dice(found.labels > 0, ball[found.indices] > 0) > least


def test_slices_come_in_the_order_of_the_volume() -> None:
    """A cone that is wide at the first slice: the interpolated ones narrow from there on."""
    cone = np.stack([disc(max(14 - z, 0)) for z in range(13)])
    found = pseudo_slices(cone, [0, 4, 8, 12], "axial", (1.0, 1.0, 1.0))
    assert dice(found.labels > 0, cone[found.indices] > 0) > 0.97
    assert (np.diff((found.labels > 0).sum((1, 2))) < 0).all()


@pytest.mark.parametrize("plane", PLANES)
def test_only_short_gaps_between_labelled_slices_are_filled(plane: Plane) -> None:
    volume = np.ones((20, 20, 20), np.uint8)
    found = pseudo_slices(volume, [3, 7, 8, 13, 15], plane, (1.0, 1.0, 1.0))
    assert found.indices.tolist() == [4, 5, 6, 14]
    assert found.gaps.tolist() == [4, 4, 4, 2]
    assert found.labels.shape == (4, 20, 20)


@pytest.mark.parametrize("labelled", [[], [4], [4, 5], [0, 19]])
def test_nothing_to_fill_gives_no_slices(labelled: list[int]) -> None:
    found = pseudo_slices(np.ones((20, 8, 9), np.uint8), labelled, "axial", (1.0, 1.0, 1.0))
    assert found.labels.shape == (0, 8, 9)
    assert len(found.indices) == len(found.weights) == 0


def test_laying_pseudo_slices_into_a_volume_leaves_the_volume_alone() -> None:
    volume = np.zeros((8, 9, 10), np.uint8)
    volume[2:7, 3] = volume[2:7, 5] = 1
    before = volume.copy()
    found = pseudo_slices(volume, [3, 5], "coronal", (1.0, 1.0, 1.0))
    filled = found.laid_into(volume)
    assert (volume == before).all()
    assert (filled[:, 4] == volume[:, 3]).all()


def test_slices_of_two_volumes_are_refused() -> None:
    with pytest.raises(InputError, match="do not belong to one volume"):
        interpolate(np.zeros((4, 5), np.uint8), np.zeros((5, 4), np.uint8), 1, MM)


@pytest.mark.skipif(ITK, reason="ITK is installed")
def test_contours_without_itk_are_refused_with_the_cure() -> None:
    with pytest.raises(InputError, match="install itk-morphologicalcontourinterpolation"):
        interpolate(disc(4), disc(6), 1, MM, "contours")


@pytest.mark.skipif(not ITK, reason="needs ITK's module")
def test_contours_keep_equal_slices_and_what_is_unsure() -> None:
    label = disc(6, x=10) + disc(3, x=24, value=2)
    label[2, 2] = UNSURE
    assert (interpolate(label, label, 3, MM, "contours") == label).all()


@pytest.mark.shared
@pytest.mark.parametrize(
    ("plane", "block", "published"),
    [
        ("axial", 3, (0.945, 0.936)),
        ("axial", 5, (0.889, 0.856)),
        ("coronal", 3, (0.941, 0.926)),
        ("coronal", 5, (0.916, 0.898)),
        ("sagittal", 3, (0.946, 0.937)),
        ("sagittal", 5, (0.925, 0.903)),
    ],
)
def test_blocks_of_the_hippocampus_are_as_good_as_measured_before(
    shared_data, plane: Plane, block: int, published: tuple[float, float]
) -> None:
    """Blocks in which each class's ends overlap, as Burmeister et al. (2022) demand."""
    folder = shared_data / "data/hippocampus"
    common, sizes = np.zeros(2), np.zeros(2)
    for path in sorted((folder / "images").iterdir())[:60]:
        labels = read_labels(folder / "labels" / path.name, read_header(path))
        stack = np.moveaxis(labels, axis_of(plane), 0)
        for first in range(0, len(stack) - block + 1, block):
            ends = stack[first], stack[first + block - 1]
            if any(_parts(ends, value) for value in (1, 2)):
                continue
            truth = stack[first + 1 : first + block - 1]
            guess = interpolate(*ends, block - 2, MM)
            for i, value in enumerate((1, 2)):
                common[i] += 2 * np.count_nonzero((guess == value) & (truth == value))
                sizes[i] += np.count_nonzero(guess == value) + np.count_nonzero(truth == value)
    np.testing.assert_allclose(common / sizes, published, atol=0.02)


def _parts(ends: tuple[np.ndarray, np.ndarray], value: int) -> bool:
    first, last = (end == value for end in ends)
    return bool((first.any() or last.any()) and not (first & last).any())
