"""The task that the engine trains, on any proxy task and pool."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch

from napari_salient.engine.checkpoint import latest_checkpoint, load_checkpoint
from napari_salient.engine.control import Control
from napari_salient.engine.events import Evaluated, Finished, FinishReason
from napari_salient.engine.fit import fit
from napari_salient.errors import InputError
from napari_salient.pretraining.pool import VolumePool
from napari_salient.pretraining.settings import TaskName
from napari_salient.pretraining.task import PretrainingTask, feature_spread

from .toys import measured, pool_of, settings_of, train

TASKS = get_args(TaskName)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("name", TASKS)
def test_a_batch_is_a_pure_function_of_seed_and_step(name, dims):
    one, other = (PretrainingTask(settings_of(name, dims), pool_of()) for _ in range(2))
    other.batch(0)
    ours, theirs = one.batch(7), other.batch(7)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert not torch.equal(ours["views"], one.batch(8)["views"])


@pytest.mark.parametrize("channels", [1, 2, 4])
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("name", TASKS)
def test_every_task_takes_any_number_of_channels(name, dims, channels):
    settings = settings_of(name, dims, batch_size=2, context=1)
    task = PretrainingTask(settings, pool_of(2, channels=channels))
    loss, metrics = task.loss(task.batch(0))
    loss.backward()
    assert task.batch(0)["views"].shape[2] == channels * (3 if dims == 2 else 1)
    assert torch.isfinite(loss)
    assert metrics["chance"] == task.proxy.chance(2)
    first = next(task.model.encoder.parameters())
    assert first.grad is not None
    assert first.grad.abs().sum() > 0


@pytest.mark.parametrize(("name", "dims"), [("rotation", 2), ("masked", 3)])
def test_a_run_interrupted_and_resumed_is_the_same_to_the_last_bit(name, dims, tmp_path):
    settings = settings_of(name, dims)

    def weights(folder, cancel_at=None):
        control = Control()
        task = PretrainingTask(settings, pool_of(), pool_of(first=9))
        for event in fit(task, settings.fit, control, tmp_path / folder, resume=True):
            if getattr(event, "step", None) == cancel_at and cancel_at is not None:
                control.cancel()
        return event, load_checkpoint(latest_checkpoint(tmp_path / folder)).model

    _, whole = weights("whole")
    stopped, _ = weights("parts", cancel_at=2)
    resumed, parts = weights("parts")
    assert (stopped.reason, resumed.reason) == (FinishReason.CANCELLED, FinishReason.COMPLETED)
    assert all(torch.equal(whole[key], parts[key]) for key in whole)


def test_a_run_tells_loss_accuracy_and_chance(tmp_path):
    settings = settings_of("relative_location")
    task = PretrainingTask(settings, pool_of(), pool_of(first=9))
    events = list(fit(task, settings.fit, Control(), tmp_path))
    assert isinstance(events[-1], Finished)
    (metrics,) = (event.metrics for event in events if isinstance(event, Evaluated))
    assert {"loss", "accuracy", "chance", "feature_sd", "accuracy_without_anatomy"} <= set(metrics)
    assert metrics["chance"] == 1 / 8


def test_evaluations_measure_the_same_examples_each_time():
    task = PretrainingTask(settings_of("rotation"), pool_of(), pool_of(first=9))
    assert measured(task) == measured(task)


def test_nothing_is_measured_without_held_out_volumes():
    assert measured(PretrainingTask(settings_of("rotation"), pool_of())) == {}


def test_another_pretraining_is_not_resumed():
    rotation = PretrainingTask(settings_of("rotation"), pool_of())
    with pytest.raises(InputError, match="another pretraining"):
        rotation.load_state_dict(PretrainingTask(settings_of("cpc"), pool_of()).state_dict())
    with pytest.raises(InputError, match="another pretraining"):
        rotation.load_state_dict(PretrainingTask(settings_of("rotation"), pool_of(3)).state_dict())


@pytest.mark.parametrize("name", TASKS)
def test_the_parts_of_a_batch_add_up_where_it_says_so(name):
    task = PretrainingTask(settings_of(name), pool_of())
    batch = task.batch(0)
    parts = task.split(batch, 2)
    assert sum(weight for weight, _ in parts) == pytest.approx(1)
    if task.split_is_exact:
        whole, _ = task.loss(batch)
        added = sum(weight * task.loss(part)[0] for weight, part in parts)
        torch.testing.assert_close(added, whole, rtol=1e-4, atol=1e-5)
    assert task.split_is_exact == (name != "cpc")


def test_a_network_learns_and_beats_chance_on_volumes_it_has_not_seen():
    task = PretrainingTask(settings_of("rotation", batch_size=8), pool_of(), pool_of(first=9))
    losses = train(task, 40)
    assert np.mean(losses[-8:]) < 0.7 * np.mean(losses[:8])
    assert measured(task)["accuracy"] > 0.75


@pytest.mark.parametrize("name", TASKS)
def test_with_answers_drawn_by_chance_training_stays_at_chance(name, shuffle):
    settings = settings_of(name, batch_size=8, held_out_batches=8)
    task = shuffle(PretrainingTask(settings, pool_of(), pool_of(first=9)))
    train(task, 12)
    chance = task.proxy.chance(8)
    error = np.sqrt(chance * (1 - chance) / 64)
    assert measured(task)["accuracy"] - chance < (4 * error if chance else 0.1)


def test_the_preview_shows_what_the_network_gets():
    task = PretrainingTask(settings_of("jigsaw", context=1), pool_of())
    first, second = task.preview(2)
    assert len(first) == len(second) == 9
    assert first[0].image.shape == (3, 32, 32)  # pieces of 6 x 6, enlarged
    whole = task.batch(0)["views"][0, 0]
    assert task.model.encoder(whole[None])[0].shape[2:] == (32, 32)


def test_channels_must_agree():
    with pytest.raises(InputError, match="volume 0 has 1 channels and volume 1 has 2"):
        VolumePool.of_arrays([pool_of(1).image(0), pool_of(1, channels=2).image(0)])
    with pytest.raises(InputError, match="other channels"):
        PretrainingTask(settings_of("rotation"), pool_of(), pool_of(channels=2))


def test_a_volume_with_too_few_slices_for_the_context_is_refused():
    with pytest.raises(InputError, match="only 2 axial slices and a view takes 3"):
        PretrainingTask(settings_of("rotation", context=1), pool_of(shape=(2, 26, 26)))


def test_a_pool_larger_than_memory_is_seen_shelf_by_shelf():
    images = [pool_of(1, first=i).image(0) for i in range(6)]
    read = []

    def lazily(number):
        read.append(number)
        return images[number]

    small = VolumePool(
        [(26, 26, 26)] * 6, [(1, 1, 1)] * 6, 1, lazily, "abcdef", limit_bytes=150_000
    )
    assert small.room == 2
    task = PretrainingTask(settings_of("rotation"), small)
    for step in range(0, 40, 8):
        task.batch(step)
    assert len(read) == 2
    for step in range(0, 1000, 50):
        task.batch(step)
    assert set(read) == set(range(6))


def test_the_spread_of_features_is_0_where_all_are_alike_and_1_where_they_point_everywhere():
    assert feature_spread(torch.ones(9, 5)) == pytest.approx(0, abs=1e-3)
    assert feature_spread(torch.randn(500, 20)) == pytest.approx(1, abs=0.05)
