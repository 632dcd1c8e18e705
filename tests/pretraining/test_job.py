"""Pretraining on files: what it says, what it refuses, and what a minute buys."""

from __future__ import annotations

import numpy as np
import pytest

from napari_salient.engine.control import Control
from napari_salient.engine.events import (
    Evaluated,
    Finished,
    FinishReason,
    MemoryForecast,
    Started,
    Step,
    Warned,
)
from napari_salient.errors import InputError
from napari_salient.pretraining.intake import split
from napari_salient.pretraining.job import forecast_job, pretrain_job, steps_within, time_job

from .toys import settings_of, volume

THICK = np.diag([1.0, 1.0, 3.0, 1.0])


@pytest.fixture
def files(write_volume):
    """Return a function that writes volumes and splits them."""

    def write(count=4, every=2, affine=None, shape=(20, 20, 20)):
        paths = [
            write_volume(f"case-{number}.nii.gz", volume(number, shape)[0], affine)
            for number in range(count)
        ]
        return split(paths, [path.name for path in paths], every)

    return write


def warnings_of(events):
    return [event.message for event in events if isinstance(event, Warned)]


def test_a_run_tells_accuracy_against_chance_and_how_far_features_spread(files, tmp_path):
    settings = settings_of("rotation")
    *events, last = pretrain_job(files(), tmp_path / "run", settings, Control())
    assert last.reason is FinishReason.COMPLETED
    steps = [event for event in events if isinstance(event, Step)]
    assert {"accuracy", "chance"} <= set(steps[0].metrics)
    (evaluated,) = (event for event in events if isinstance(event, Evaluated))
    assert evaluated.metrics["feature_sd"] > 0
    assert last.result == evaluated.metrics


def test_collapsed_features_are_an_alarm(files, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_salient.pretraining.alarms.COLLAPSED", 1.0)
    events = list(pretrain_job(files(), tmp_path / "run", settings_of("rotation"), Control()))
    after = [type(event) for event in events[[type(e) for e in events].index(Evaluated) :]]
    assert after[1] is Warned
    assert any("collapsed" in text for text in warnings_of(events))


def test_thick_slices_leave_fewer_rotations_with_a_warning(files, tmp_path):
    settings = settings_of("rotation", 3)
    events = list(pretrain_job(files(affine=THICK), tmp_path / "run", settings, Control()))
    assert any("6 of 10 rotations" in text for text in warnings_of(events))
    assert events[-1].reason is FinishReason.COMPLETED


def test_too_few_held_out_volumes_are_said_and_not_measured_on(files, tmp_path):
    events = list(pretrain_job(files(4, 4), tmp_path / "run", settings_of("exemplar"), Control()))
    assert any("Too few volumes are held out (1)" in text for text in warnings_of(events))
    assert not any(isinstance(event, Evaluated) for event in events)
    assert events[-1].reason is FinishReason.COMPLETED


def test_volumes_that_are_too_small_end_the_job_with_a_sentence(files, tmp_path):
    small = files(shape=(6, 6, 6))
    last = list(pretrain_job(small, tmp_path / "run", settings_of("jigsaw", 3), Control()))[-1]
    assert isinstance(last, Finished)
    assert isinstance(last.error, InputError)
    assert "takes at least" in last.message


def test_five_steps_are_timed_and_leave_nothing_behind(files, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    paths = files()
    *events, last = time_job(paths, settings_of("rotation"), Control())
    assert last.result > 0
    assert [event.done for event in events] == [1, 2, 3, 4, 5, 6]
    assert sorted(tmp_path.rglob("*")) == sorted([*before, *paths.learn, *paths.held_out])


def test_the_budget_becomes_steps_and_is_at_least_one():
    assert steps_within(2, 0.5) == 240
    assert steps_within(0.001, 10) == 1


def test_timing_can_be_cancelled(files):
    control = Control()
    control.cancel()
    (last,) = time_job(files(), settings_of("rotation"), control)
    assert last.reason is FinishReason.CANCELLED


def test_the_memory_is_told_before_the_start(files, tmp_path):
    events = list(pretrain_job(files(), tmp_path / "run", settings_of("rotation"), Control()))
    kinds = [type(event) for event in events]
    expected = events[kinds.index(MemoryForecast)]
    assert kinds.index(MemoryForecast) < kinds.index(Started)
    assert 0 < expected.needed < expected.available
    assert not any("memory" in text for text in warnings_of(events))


def test_too_little_memory_is_a_warning(files, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_salient.engine.memory._free", lambda device: 2**20)
    events = list(pretrain_job(files(), tmp_path / "run", settings_of("rotation"), Control()))
    assert any("1 MiB are free: it may run out of memory" in text for text in warnings_of(events))
    assert events[-1].reason is FinishReason.COMPLETED


@pytest.mark.parametrize(("name", "dims"), [("jigsaw", 2), ("masked", 3)])
def test_a_forecast_takes_no_voxels(files, tmp_path, name, dims, monkeypatch):
    paths, settings = files(), settings_of(name, dims)
    events = pretrain_job(paths, tmp_path / "run", settings, Control())
    expected = next(event for event in events if isinstance(event, MemoryForecast))
    monkeypatch.setattr("napari_salient.pretraining.pool.load_image", None)
    *_, last = forecast_job(paths, settings, Control())
    assert last.result.needed == expected.needed


def test_a_forecast_can_be_cancelled(files):
    control = Control()
    control.cancel()
    *_, last = forecast_job(files(), settings_of("rotation"), control)
    assert last.reason is FinishReason.CANCELLED
