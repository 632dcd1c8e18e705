"""Simulations that start from a pretrained encoder: which one, and what it must not have seen."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from shutil import rmtree
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from napari_salient.active_learning.settings import SegmentationSettings, SimulationSettings
from napari_salient.active_learning.simulation import simulate
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.simulation.experiment import RoundJob, initial_slices
from napari_salient.active_learning.simulation.fitting import fit_round
from napari_salient.active_learning.simulation.pretrained import pool_features
from napari_salient.cli import main
from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason, Warned
from napari_salient.engine.fit import fit
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError
from napari_salient.finetuning.simulated import SimulatedStart
from napari_salient.pretraining.bundle import write_bundle
from napari_salient.pretraining.features import encoder_of
from napari_salient.pretraining.library import newest_checkpoint
from napari_salient.pretraining.pool import VolumePool
from napari_salient.pretraining.settings import PretrainingSettings
from napari_salient.pretraining.task import PretrainingTask
from napari_salient.pretraining.transfer import encoder_tensors

if TYPE_CHECKING:
    from pathlib import Path

MODEL = SegmentationSettings(width=4, batch_size=2, fit=FitSettings(steps=1, threads=1))
SETTINGS = SimulationSettings(
    strategies="random", initial=3, batch=2, rounds=1, seeds=1, processes=1, segmentation=MODEL
)


@pytest.fixture
def pretrained(tmp_path):
    """Return a function that pretrains on a folder and returns the checkpoint."""

    def pretrain(pool: Path, *options: str) -> Path:
        tiny = ("--width", "4", "--batch_size", "2", "--held_out_batches", "1", "--fit.steps", "1")
        runs = tmp_path / f"runs-{len(list(tmp_path.glob('runs-*')))}"
        words = ("train", "pretraining", str(pool), "--runs", str(runs), *tiny, *options)
        assert main([*words]) == 0
        return max(runs.glob("*/checkpoints/*"))

    return pretrain


def test_trainings_start_from_the_encoder_and_share_all_other_weights_with_scratch(
    folders, pretrained
):
    checkpoint = pretrained(folders[0])
    start = pickle.loads(pickle.dumps(SimulatedStart(checkpoint)))
    cohort = Cohort.read(*folders, "axial", 5)
    hardly = replace(MODEL, fit=FitSettings(steps=1, learning_rate=1e-9, threads=1))
    job = RoundJob(0, 1, ("random",), [(case, 5) for case in cohort.pool], 2, False, hardly)
    scratch, begun = (
        fit_round(cohort, each)[0].state_dict() for each in (job, replace(job, pretrained=start))
    )
    encoder = encoder_of(checkpoint)[0].state_dict()
    for name, weights in encoder_tensors(begun).items():
        assert torch.allclose(weights, encoder[name], atol=1e-6)
    decoder = set(begun) - {f"net.{name}" for name in encoder_tensors(begun)}
    assert all(torch.allclose(begun[name], scratch[name], atol=1e-6) for name in decoder)
    assert not torch.allclose(
        begun["net.conv_0.conv_0.conv.weight"], scratch["net.conv_0.conv_0.conv.weight"]
    )


def test_a_round_goes_on_from_its_weights_and_not_from_the_encoder(folders, pretrained, tmp_path):
    start = SimulatedStart(pretrained(folders[0]))
    cohort = Cohort.read(*folders, "axial", 5)
    hardly = replace(MODEL, fit=FitSettings(steps=1, learning_rate=1e-9, threads=1))
    labelled = [(case, 5) for case in cohort.pool]
    job = RoundJob(0, 1, ("random",), labelled, 2, False, MODEL, pretrained=start)
    kept = tmp_path / "kept.safetensors"
    first, _ = fit_round(cohort, replace(job, settings=MODEL, keep=(kept,)))
    again, _ = fit_round(cohort, replace(job, settings=hardly, start=kept))
    both = zip(first.parameters(), again.parameters(), strict=True)
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in both)


def test_an_encoder_that_saw_test_volumes_is_refused(folders, pretrained):
    cohort = Cohort.read(*folders, "axial", 5)
    assert "rotation taught on 5 volumes: 40 of 40" in SimulatedStart(pretrained(folders[0])).check(
        cohort, MODEL
    )
    other_split = SimulatedStart(pretrained(folders[0], "--held_out_every", "4"))
    with pytest.raises(InputError, match=r"learned from 1 of the files .* case-5\.nii\.gz first"):
        other_split.check(cohort, MODEL)
    validated = Cohort.read(*folders, "axial", 5, validation_every=3)
    with pytest.raises(InputError, match="only measured on"):
        SimulatedStart(pretrained(folders[0])).check(validated, MODEL)


def test_an_encoder_of_other_volumes_is_taken_wherever_it_came_from(folders, pretrained, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in folders[0].iterdir():
        elsewhere.joinpath(f"other-{path.name}").write_bytes(path.read_bytes())
    cohort = Cohort.read(*folders, "axial", 5)
    checkpoint = pretrained(elsewhere)
    rmtree(elsewhere)
    given_away = write_bundle(checkpoint.parents[1], tmp_path / "bundle")
    for weights in (checkpoint, given_away):
        SimulatedStart(weights).check(cohort, MODEL)


def test_an_encoder_that_was_given_away_is_still_known_to_have_seen_test_volumes(
    folders, pretrained, tmp_path
):
    checkpoint = pretrained(folders[0], "--held_out_every", "4")
    given_away = write_bundle(checkpoint.parents[1], tmp_path / "bundle")
    with pytest.raises(InputError, match=r"learned from 1 of the files .* case-5\.nii\.gz first"):
        SimulatedStart(given_away).check(Cohort.read(*folders, "axial", 5), MODEL)


def test_an_encoder_that_does_not_say_what_it_saw_is_refused(folders, tmp_path):
    settings = PretrainingSettings(width=4, batch_size=2, fit=MODEL.fit)
    noise = np.random.default_rng(0).standard_normal((1, 20, 20, 20)).astype(np.float32)
    task = PretrainingTask(settings, VolumePool.of_arrays([noise]))
    list(fit(task, settings.fit, Control(), tmp_path / "run"))
    with pytest.raises(InputError, match="cannot be told which files"):
        SimulatedStart(newest_checkpoint(tmp_path / "run")).check(
            Cohort.read(*folders, "axial", 5), MODEL
        )


def test_first_slices_lie_far_apart_in_the_eyes_of_the_encoder(folders, pretrained):
    cohort = Cohort.read(*folders, "axial", 5)
    start = SimulatedStart(pretrained(folders[0]))
    features = result_of_generator(pool_features(cohort, start, Control()))
    assert len(features.case_id) == sum(cohort.slices[case] for case in cohort.pool)
    chosen = [initial_slices(cohort, seed, 6, features) for seed in range(2)]
    assert set(chosen[0]) == set(chosen[1])
    assert {case for case, _ in chosen[0]} <= set(cohort.pool)
    assert set(initial_slices(cohort, 0, 6)) != set(chosen[0])


def result_of_generator(generator):
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


@pytest.mark.slow
def test_another_encoder_is_another_experiment(folders, pretrained, tmp_path):
    output = tmp_path / "out.json"
    settings = replace(SETTINGS, first="kcenter")
    one, other = (SimulatedStart(pretrained(folders[0], "--fit.seed", seed)) for seed in "12")
    first = list(simulate(*folders, settings, output, Control(), one))
    assert first[-1].reason is FinishReason.COMPLETED, first[-1].message
    assert sum(isinstance(event, Warned) for event in first) == 1
    assert json.loads(output.read_text())["pretrained"] == one.identity()
    *_, again = simulate(*folders, settings, output, Control(), other)
    assert isinstance(again, Finished)
    assert "choose another name" in again.message


def test_slices_by_k_center_need_an_encoder(folders, tmp_path):
    *_, last = simulate(
        *folders, replace(SETTINGS, first="kcenter"), tmp_path / "out.json", Control()
    )
    assert "name one with --pretrained" in last.message


def test_an_encoder_that_does_not_fit_is_refused(folders, pretrained):
    cohort = Cohort.read(*folders, "axial", 5)
    with pytest.raises(InputError, match="The weights fit"):
        SimulatedStart(pretrained(folders[0])).check(cohort, replace(MODEL, width=8))
