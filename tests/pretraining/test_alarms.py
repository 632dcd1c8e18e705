"""Alarms: a border that gives the answer away, and features that have collapsed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from napari_salient.pretraining.alarms import LUCK, alarms
from napari_salient.pretraining.pool import VolumePool
from napari_salient.pretraining.sampling import Sampler
from napari_salient.pretraining.task import PretrainingTask

from .toys import SIDE, measured, pool_of, settings_of, train

ANSWERS = st.integers(1, 200)
CHANCES = st.sampled_from([1 / 2, 1 / 4, 1 / 8, 1 / 10, 1 / 26, 1 / 80, 1 / 100])


def rings(right, chance, answers, accuracy=1.0):
    """Whether that many right answers without any anatomy raise the alarm."""
    without = {"accuracy_without_anatomy": right / answers, "chance": chance}
    return bool(alarms({"accuracy": accuracy, **without}, answers))


def noise(first, padding):
    images = np.random.default_rng(first).standard_normal((4, 1, SIDE, SIDE, SIDE))
    images[:, :, :, : padding or 0] = -4
    return VolumePool.of_arrays(list(images.astype(np.float32)))


def rotation_of_noise(padding):
    settings = settings_of("rotation", batch_size=8, held_out_batches=8)
    task = PretrainingTask(settings, noise(0, padding), noise(9, padding))
    train(task, 40)
    return measured(task), task.answers


def test_padding_on_one_side_gives_the_rotation_away_and_raises_the_alarm():
    metrics, answers = rotation_of_noise(padding=5)
    assert metrics["accuracy_without_anatomy"] > 0.7
    (said,) = alarms(metrics, answers)
    assert "of 64 answers are right" in said
    assert "by chance it would be 25%" in said
    assert "padding or borders" in said


def test_what_is_cut_and_turned_adds_no_border_that_could():
    metrics, answers = rotation_of_noise(padding=0)
    spread = np.sqrt(0.25 * 0.75 / answers)
    assert abs(metrics["accuracy"] - 0.25) < 4 * spread
    assert abs(metrics["accuracy_without_anatomy"] - 0.25) < 4 * spread
    assert alarms(metrics, answers) == []


@given(chance=CHANCES, answers=ANSWERS, accuracy=st.floats(0, 1))
def test_luck_alone_hardly_ever_raises_the_alarm(chance, answers, accuracy):
    rung = [right for right in range(answers + 1) if rings(right, chance, answers, accuracy)]
    assert binom.pmf(rung, answers, chance).sum() <= LUCK


@given(chance=CHANCES, answers=ANSWERS)
def test_answers_that_are_all_given_away_raise_it_as_soon_as_luck_does_not_explain_them(
    chance, answers
):
    assert rings(answers, chance, answers) == (chance**answers < LUCK)


@given(chance=CHANCES, answers=ANSWERS, share=st.floats(0, 1), times=st.integers(2, 5))
def test_more_of_the_same_evidence_never_takes_an_alarm_back(chance, answers, share, times):
    right = round(share * answers)
    if rings(right, chance, answers):
        assert rings(times * right, chance, times * answers)


@pytest.mark.parametrize(
    ("right", "answers", "rung"), [(4, 8, False), (32, 64, True), (24, 64, False), (52, 128, True)]
)
def test_half_of_eight_answers_is_luck_and_half_of_sixty_four_is_not(right, answers, rung):
    assert rings(right, 0.25, answers, accuracy=0.5) is rung


def test_a_leak_that_hardly_adds_to_what_anatomy_tells_is_none():
    assert not rings(13_000, 0.25, 32_000, accuracy=1.0)
    assert rings(13_000, 0.25, 32_000, accuracy=0.5)


def test_every_answer_without_anatomy_is_about_noise_of_its_own():
    """Or those about one volume would be right or wrong together, and count for fewer."""
    proxy = PretrainingTask(settings_of("rotation"), pool_of()).proxy
    deprived = pool_of(1, shape=(1, SIDE, SIDE)).without_anatomy()
    views = Sampler(proxy, deprived).batch(6, np.random.default_rng(0))["views"]
    upright = {tuple(sorted(view.flatten().tolist())) for view in views}
    assert len(upright) == 6
    assert torch.isfinite(views).all()


@pytest.mark.parametrize(
    ("name", "dims", "answers"), [("rotation", 2, 8), ("cpc", 2, 80), ("cpc", 3, 256)]
)
def test_an_accuracy_counts_every_answer_of_the_held_out_batches(name, dims, answers):
    assert PretrainingTask(settings_of(name, dims), pool_of()).answers == answers


def test_an_encoder_that_gives_the_same_for_all_raises_the_alarm():
    settings = settings_of("masked")
    task = PretrainingTask(settings, noise(0, 0), noise(9, 0))
    with torch.no_grad():
        for parameter in task.model.encoder.parameters():
            parameter.zero_()
        for name, parameter in task.model.encoder.named_parameters():
            if name.endswith("bias"):
                parameter.fill_(1.0)
    assert "collapsed" in alarms(measured(task), task.answers)[0]


def test_a_run_without_held_out_volumes_raises_none():
    assert alarms({}, 8) == []
