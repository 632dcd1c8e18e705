"""Masks become outlines along pixel edges and come back pixel for pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.ndimage import label

from napari_salient.data.region_masks import polygons_of, rasterise, weights
from napari_salient.data.regions import Region, rectangle

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=12))


def drawn(*rows):
    return np.array([[mark == "#" for mark in row] for row in rows])


def area(ring):
    (x, y), (to_x, to_y) = np.array(ring).T, np.roll(ring, -1, axis=0).T
    return float(np.sum(x * to_y - to_x * y)) / 2


@settings(deadline=None)
@given(masks, st.sampled_from([1, 2, 7, 0.3, 32]))
def test_a_mask_comes_back_pixel_for_pixel_at_any_scale(mask, scale):
    assert np.array_equal(rasterise(polygons_of(mask, scale), mask.shape, scale), mask)


@settings(deadline=None)
@given(masks)
def test_outlines_are_valid(mask):
    """One outline for each area, turned as RFC 7946 asks, and no ring meets itself or goes on."""
    polygons = polygons_of(mask)
    assert len(polygons) == label(mask)[1]
    for outline, *holes in polygons:
        assert area(outline) > 0
        assert all(area(hole) < 0 for hole in holes)
    for ring in (ring for polygon in polygons for ring in polygon):
        assert len(set(ring)) == len(ring)
        steps = np.diff([*ring, ring[0]], axis=0)
        assert ((steps == 0).sum(1) == 1).all()
        assert ((steps != 0)[:, 0] != np.roll(steps != 0, 1, axis=0)[:, 0]).all()


def test_a_hole_belongs_to_its_area_and_an_island_in_it_is_another():
    polygons = polygons_of(drawn("#####", "#...#", "#.#.#", "#...#", "#####"))
    assert sorted(len(polygon) for polygon in polygons) == [1, 2]
    with_hole = max(polygons, key=len)
    assert set(with_hole[1]) == set(rectangle(1, 1, 4, 4))


def test_pixels_that_touch_at_a_corner_are_two_areas():
    assert len(polygons_of(drawn("#.", ".#"))) == 2
    assert [len(polygon) for polygon in polygons_of(drawn("###", "#.#", "##."))] == [2]


def test_a_pixel_belongs_to_a_region_if_its_middle_does():
    slanted = (((0.0, 0.0), (4.0, 0.0), (0.0, 4.0)),)
    assert np.array_equal(
        rasterise([slanted], (4, 4)), drawn("###.", "##..", "#...", "....")
    )  # the middles on the slanted edge itself are outside


def test_an_overview_is_the_region_seen_from_further_away():
    box = (rectangle(32, 64, 96, 160),)
    overview = rasterise([box], (6, 5), scale=32)
    assert np.array_equal(np.argwhere(overview).min(0), [2, 1])
    assert overview.sum() == 3 * 2


@settings(deadline=None)
@given(masks.filter(np.any))
def test_scaled_up_every_pixel_is_a_block(mask):
    twice = np.repeat(np.repeat(mask, 2, axis=0), 2, axis=1)
    assert np.array_equal(rasterise(polygons_of(mask, 2), twice.shape), twice)


@pytest.mark.parametrize(
    "box", [(-5, -5, 3, 2), (2, 1, 99, 99), (-9, -9, -1, -1), (50, 50, 60, 60)]
)
def test_what_is_beyond_the_image_is_cut_off(box):
    left, top, right, bottom = np.clip(box, 0, (8, 6, 8, 6))
    expected = np.zeros((6, 8), bool)
    expected[top:bottom, left:right] = True
    assert np.array_equal(rasterise([(rectangle(*box),)], (6, 8)), expected)


def test_overlapping_regions_count_with_the_higher_weight():
    sure = Region("include", ((rectangle(0, 0, 4, 4),),), weight=0.9)
    unsure = Region("include", ((rectangle(2, 2, 6, 6),),), weight=0.3)
    for regions in ((sure, unsure), (unsure, sure)):
        covered = weights(regions, (6, 6))
        assert covered.dtype == np.float32
        assert covered[3, 3] == np.float32(0.9)
        assert covered[5, 5] == np.float32(0.3)
        assert covered[0, 5] == 0
