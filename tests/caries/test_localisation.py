"""Measures of maps and candidates, by what is known of them by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_salient.caries.localisation import (
    best_threshold,
    froc,
    iou_ceiling,
    mean_iou,
    pixel_auroc,
    pixel_average_precision,
    pointing_game,
)

from .toys import GRID, rectangle

LESION = rectangle(GRID, 8, 8, 16, 16)
HEALTHY = np.zeros_like(LESION)


def peak(row: int, column: int) -> np.ndarray:
    shown = np.full(LESION.shape, 0.1)
    shown[row, column] = 0.9
    return shown


def centres(*places: tuple[float, float]) -> np.ndarray:
    return np.array(places, float).reshape(-1, 2)


def test_pointing_hits_in_a_lesion_or_just_beside_it() -> None:
    assert pointing_game([peak(10, 10)], [LESION]) == 1
    assert pointing_game([peak(6, 10)], [LESION]) == 1
    assert pointing_game([peak(5, 10)], [LESION]) == 0
    assert pointing_game([peak(5, 10)], [LESION], tolerance=3) == 1
    maps = [peak(10, 10), peak(30, 30), peak(0, 0)]
    assert pointing_game(maps, [LESION, LESION, HEALTHY]) == 0.5


def test_overlap_is_that_of_what_is_shown_from_the_threshold_on() -> None:
    shown = np.where(rectangle(GRID, 8, 8, 16, 24), 0.6, np.where(LESION, 0.6, 0.2))
    assert mean_iou([shown], [LESION], 0.5) == 0.5
    assert mean_iou([shown, shown], [LESION, HEALTHY], 0.5) == 0.5
    sharper = np.where(LESION, 0.8, shown)
    assert 0.6 < best_threshold([sharper], [LESION]) <= 0.8
    assert mean_iou([sharper], [LESION], best_threshold([sharper], [LESION])) == 1


def test_the_ceiling_is_one_on_the_grid_and_less_beside_it() -> None:
    assert iou_ceiling(GRID, LESION) == 1
    # Best is a cross: the whole patch in the middle and the four halves beside it.
    assert iou_ceiling(GRID, rectangle(GRID, 10, 10, 18, 18)) == pytest.approx(48 / 96)


def test_pixels_are_ranked_over_all_images_and_gaps_come_last() -> None:
    shown = np.where(LESION, 0.7, 0.2)
    assert pixel_auroc([shown, 0.1 * shown], [LESION, HEALTHY]) == 1
    assert pixel_average_precision([shown], [LESION]) == 1
    gap = np.where(LESION, np.nan, 0.0)
    assert pixel_auroc([gap], [LESION]) == 0
    assert pointing_game([np.where(LESION, 0.0, np.nan)], [LESION]) == 1


def test_without_a_lesion_there_is_no_number() -> None:
    maps, masks = [peak(3, 3)], [HEALTHY]
    for measure in (pointing_game, mean_iou, pixel_auroc, pixel_average_precision):
        assert np.isnan(measure(maps, masks))
    assert np.isnan(froc([centres((3, 3))], [np.ones(1)], masks)).all()
    assert np.isnan(froc([], [], [])).all()


def test_a_perfect_reader_finds_every_lesion_without_a_false_positive() -> None:
    # MONAI's curve gives 0 here: it leaves out its lowest threshold.
    found = froc([centres((12, 12))], [np.array([0.9])], [LESION], rates=[0, 1])
    assert found.tolist() == [1, 1]


def test_sensitivity_grows_with_the_false_positives_allowed() -> None:
    two = LESION | rectangle(GRID, 30, 30, 36, 36)
    points = [centres((12, 12), (2, 40), (33, 33)), centres((5, 5))]
    scores = [np.array([0.9, 0.8, 0.7]), np.array([0.75])]
    found = froc(points, scores, [two, HEALTHY], rates=[0, 0.5, 1])
    assert found.tolist() == [0.5, 0.5, 1]
    # As sure as a false positive: it cannot be had without it.
    scores[0][2] = 0.75
    assert froc(points, scores, [two, HEALTHY], rates=[0.5, 1]).tolist() == [0.5, 1]


def test_several_candidates_on_a_lesion_find_it_once_and_are_not_false() -> None:
    points = [centres((10, 10), (13, 13), (17.9, 12.0))]
    assert froc(points, [np.array([0.9, 0.8, 0.7])], [LESION], rates=[0]).tolist() == [1]


def test_images_without_candidates_count() -> None:
    masks = [LESION, LESION, HEALTHY]
    points = [centres((12, 12)), centres(), centres()]
    assert froc(points, [np.ones(1), np.ones(0), np.ones(0)], masks, rates=[0]).tolist() == [0.5]
