"""Curves from events, whatever their number, and warnings that are told once."""

from __future__ import annotations

import pytest

from napari_salient.engine.events import Evaluated, MemoryForecast, Started, Step, Warned
from napari_salient.widgets.pretrain.history import POINTS, History


def step(number, total=1000, accuracy=0.5, loss=1.0):
    return Step(number, total, loss, 0.0, {"accuracy": accuracy, "chance": 0.25})


def history_of(*events):
    history = History()
    for event in events:
        history.add(event)
    return history


def test_a_point_is_the_mean_of_steps():
    steps = [step(n, accuracy=n % 2) for n in range(1, 41)]
    history = history_of(Started(1000), *steps)
    assert history.training("accuracy") == ([5.5, 15.5, 25.5, 35.5], [0.5] * 4)
    assert history.chance == 0.25
    assert history.reached == 0.5


@pytest.mark.parametrize("total", [1, 7, 300, 5_432])
def test_a_curve_never_has_many_points_and_ends_where_the_run_does(total):
    history = history_of(Started(total), *(step(n, total) for n in range(1, total + 1)))
    steps, losses = history.training("loss")
    assert len(steps) <= 2 * POINTS
    assert set(losses) == {1.0}
    assert steps[-1] <= total


def test_a_resumed_run_forgets_what_came_after_its_checkpoint():
    before = [step(n, accuracy=0.0) for n in range(1, 36)]
    after = [step(n, accuracy=1.0) for n in range(21, 41)]
    measured = [Evaluated(20, {"accuracy": 0.3}), Evaluated(30, {"accuracy": 0.9})]
    history = history_of(Started(1000), *before, *measured, Started(1000, 20), *after)
    assert history.training("accuracy")[1] == [0.0, 0.0, 1.0, 1.0]
    assert history.held_out("accuracy") == ([20.0], [0.3])


def test_nothing_measured_is_nothing_drawn():
    history = history_of(Started(100))
    assert history.held_out("loss") == ([], [])
    assert history.training("loss") == ([], [])
    assert history.measured == {}
    assert history.reached is None


def test_a_warning_that_comes_again_is_told_once_with_its_newest_numbers():
    history = history_of(
        Warned("Only 4 of 10 rotations are used."),
        Started(100),
        step(20),
        Warned("The features have collapsed (spread 0.004)."),
        step(40),
        Warned("The features have collapsed (spread 0.002)."),
    )
    assert history.notes == [
        "Only 4 of 10 rotations are used.",
        "After step 40: The features have collapsed (spread 0.002).",
    ]


def test_what_memory_it_needs_is_known_once_it_was_said():
    assert history_of(Started(9)).memory == ""
    said = history_of(MemoryForecast(2**30, 2**33)).memory
    assert said == "It needs about 1.0 GiB of memory; 8.0 GiB are free."
