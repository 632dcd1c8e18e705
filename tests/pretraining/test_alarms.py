"""Alarms: a border that gives the answer away, and features that have collapsed."""

from __future__ import annotations

import numpy as np
import torch

from napari_salient.pretraining.alarms import alarms
from napari_salient.pretraining.pool import VolumePool
from napari_salient.pretraining.task import PretrainingTask

from .toys import SIDE, measured, settings_of, train


def noise(first, padding):
    images = np.random.default_rng(first).standard_normal((4, 1, SIDE, SIDE, SIDE))
    images[:, :, :, : padding or 0] = -4
    return VolumePool.of_arrays(list(images.astype(np.float32)))


def rotation_of_noise(padding):
    settings = settings_of("rotation", batch_size=8, held_out_batches=8)
    task = PretrainingTask(settings, noise(0, padding), noise(9, padding))
    train(task, 40)
    return measured(task)


def test_padding_on_one_side_gives_the_rotation_away_and_raises_the_alarm():
    metrics = rotation_of_noise(padding=5)
    assert metrics["accuracy_without_anatomy"] > 0.7
    assert "padding or borders" in alarms(metrics)[0]


def test_what_is_cut_and_turned_adds_no_border_that_could():
    metrics = rotation_of_noise(padding=0)
    spread = np.sqrt(0.25 * 0.75 / 64)
    assert abs(metrics["accuracy"] - 0.25) < 4 * spread
    assert abs(metrics["accuracy_without_anatomy"] - 0.25) < 4 * spread
    assert alarms(metrics) == []


def test_an_encoder_that_gives_the_same_for_all_raises_the_alarm():
    settings = settings_of("masked")
    task = PretrainingTask(settings, noise(0, 0), noise(9, 0))
    with torch.no_grad():
        for parameter in task.model.encoder.parameters():
            parameter.zero_()
        for name, parameter in task.model.encoder.named_parameters():
            if name.endswith("bias"):
                parameter.fill_(1.0)
    assert "collapsed" in alarms(measured(task))[0]


def test_a_run_without_held_out_volumes_raises_none():
    assert alarms({}) == []
