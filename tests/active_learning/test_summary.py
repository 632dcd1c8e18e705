"""Numbers drawn from learning curves."""

from __future__ import annotations

import numpy as np
import pytest

from napari_salient.active_learning.simulation.records import Record
from napari_salient.active_learning.simulation.summary import (
    area_under_curve,
    bootstrap_interval,
    summarise,
)


def record(strategy: str, seed: int, number: int, dice: float) -> Record:
    return Record(
        strategy=strategy,
        seed=seed,
        round=number,
        labelled_slices=10 * (number + 1),
        volumes_touched=5,
        dice_per_class={"1": dice},
        dice=dice,
        foreground_dice=dice,
        dead_classes=[],
        seconds=1.0,
        cpu_seconds=1.0,
        labelled=[(0, 1)],
        next=[],
    )


def test_area_is_the_mean_height_of_the_curve() -> None:
    assert area_under_curve(np.array([10, 20, 40]), np.array([0.5, 0.7, 0.7])) == pytest.approx(
        (0.6 * 10 + 0.7 * 20) / 30
    )
    assert area_under_curve(np.array([10]), np.array([0.4])) == 0.4


def test_a_pool_that_is_used_up_at_once_has_an_area() -> None:
    used_up = area_under_curve(np.array([24, 24, 24]), np.array([0.4, 0.5, 0.6]))
    assert used_up == pytest.approx(0.5)


def test_differences_to_random_are_paired_by_seed() -> None:
    records = [
        record(name, seed, number, 0.5 + 0.1 * seed + 0.05 * number + shift)
        for name, shift in (("random", 0.0), ("random_foreground", 0.03), ("strided", 0.02))
        for seed in range(4)
        for number in range(3)
    ]
    rows = summarise(records)["strategies"]
    difference = rows["strided"]["difference_to_random"]
    assert difference["mean"] == pytest.approx(0.02)
    assert difference["interval_95"] == pytest.approx([0.02, 0.02])
    assert difference["wins"] == 4
    assert rows["strided"]["difference_to_random_foreground"]["mean"] == pytest.approx(-0.01)
    assert rows["random"].keys() == {
        "area",
        "difference_to_random_foreground",
        "final_dice",
        "runs_with_a_dead_class",
    }


def test_the_interval_holds_the_mean_and_narrows_with_more_seeds() -> None:
    values = np.random.default_rng(0).normal(0.01, 0.02, 40)
    few = bootstrap_interval(values[:5], np.random.default_rng(0))
    many = bootstrap_interval(values, np.random.default_rng(0))
    assert few[0] <= values[:5].mean() <= few[1]
    assert many[1] - many[0] < few[1] - few[0]
