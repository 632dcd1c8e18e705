"""Grading pictures: cumulative outputs, an honest kappa, and lists as people have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.io import imsave

from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason
from napari_salient.engine.jobs import result_of
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError
from napari_salient.finetuning.classification.grades import read_grades
from napari_salient.finetuning.classification.job import grading_job
from napari_salient.finetuning.classification.model import cumulative, grades_of
from napari_salient.finetuning.classification.task import GradingTask, agreement
from napari_salient.finetuning.settings import GradingSettings
from napari_salient.pretraining.encoder import Encoder
from napari_salient.pretraining.intake import PoolFiles
from napari_salient.pretraining.job import pretrain_job
from napari_salient.pretraining.library import newest_checkpoint
from napari_salient.pretraining.settings import PretrainingSettings
from napari_salient.pretraining.spec import EncoderSpec

from .conftest import write_volumes

SETTINGS = GradingSettings(
    width=4,
    side=32,
    batch_size=4,
    fit=FitSettings(steps=2, save_every=1, threads=1, device="cpu"),
)


@pytest.fixture
def listed(tmp_path):
    """Twelve pictures of a bright disc, with more spots the higher the grade."""
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    rows = []
    for number in range(12):
        grade = number % 3
        picture = np.zeros((40, 60, 3), np.uint8)
        picture[5:35, 15:45] = 120
        for y, x in rng.integers([6, 16], [34, 44], (8 * grade, 2)):
            picture[y, x] = 255
        imsave(tmp_path / "images" / f"eye_{number}.png", picture, check_contrast=False)
        rows.append((f"eye_{number}", grade, "test" if number >= 9 else "train"))
    return tmp_path, rows


def write(folder, rows, head="image,grade,split"):
    path = folder / "grades.csv"
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


@given(st.lists(st.integers(0, 4), min_size=1, max_size=20))
def test_outputs_are_cumulative_and_say_the_grade_back(grades):
    wanted = cumulative(torch.tensor(grades), 5)
    assert wanted.shape == (len(grades), 4)
    assert grades_of(wanted - 0.5).tolist() == grades


def test_kappa_is_1_for_all_right_0_for_one_grade_alone_and_punishes_far_misses_more():
    true = [0, 1, 2, 3, 4]
    assert agreement(true, true) == {"kappa": 1.0, "accuracy": 1.0}
    assert agreement(true, [2] * 5)["kappa"] == 0
    near, far = ([1, 1, 2, 3, 4], [4, 1, 2, 3, 4])
    assert agreement(true, near)["kappa"] > agreement(true, far)["kappa"]
    assert agreement(true, near)["accuracy"] == agreement(true, far)["accuracy"]


def test_the_list_says_which_pictures_are_tested_on(listed):
    folder, rows = listed
    graded = read_grades(write(folder, rows), folder / "images", 5)
    assert [g.tested for g in graded] == [False] * 9 + [True] * 3
    without = write(folder, [row[:2] for row in rows], "id_code,diagnosis")
    assert [g.tested for g in read_grades(without, folder / "images", 5)].count(True) == 3


@pytest.mark.parametrize(
    ("head", "row", "sentence"),
    [
        ("image,grade", ("eye_99", 1), "names eye_99, which is not in"),
        ("image,grade", ("eye_1", "mild"), "grade 'mild' in line 2"),
        ("name,grade", ("eye_1", 1), "no column 'image'"),
        ("image,grade,split", ("eye_1", 1, "test"), "nothing to train or to test on"),
    ],
)
def test_lists_that_cannot_be_used_are_refused(listed, head, row, sentence):
    folder, _ = listed
    with pytest.raises(InputError, match=sentence):
        read_grades(write(folder, [row], head), folder / "images", 5)


def test_the_share_of_a_seed_is_the_same_for_all_arms(listed):
    folder, rows = listed
    graded = read_grades(write(folder, rows), folder / "images", 5)
    some = replace(SETTINGS, fraction=0.5)
    weights = Encoder(EncoderSpec(3, 4)).state_dict()
    scratch, tuned = GradingTask(some, graded), GradingTask(some, graded, weights)
    assert scratch.trained == tuned.trained
    assert len(scratch.trained) == 4
    assert all(torch.equal(a, b) for a, b in zip(scratch.batch(1), tuned.batch(1), strict=True))
    other = replace(some, fit=replace(some.fit, seed=5))
    assert GradingTask(other, graded).trained != scratch.trained


def test_a_run_from_scratch_ends_with_kappa_and_accuracy(listed, tmp_path):
    folder, rows = listed
    listing = write(folder, rows)
    words = (folder / "images", listing, None, tmp_path / "run", SETTINGS)
    last = list(grading_job(*words, Control()))[-1]
    assert last.reason is FinishReason.COMPLETED
    assert set(last.result) == {"kappa", "accuracy"}


def pretrained(files, folder, **changes):
    settings = PretrainingSettings(width=4, batch_size=2, side=32, fit=SETTINGS.fit, **changes)
    result_of(pretrain_job(PoolFiles(tuple(files), ()), folder, settings, Control()))
    return newest_checkpoint(folder)


def test_an_encoder_that_saw_test_pictures_is_refused(listed, tmp_path):
    folder, rows = listed
    listing = write(folder, rows)
    taught = [folder / "images" / f"{name}.png" for name, _, split in rows if split == "train"]
    fair = pretrained(taught, tmp_path / "fair", context=0)
    unfair = pretrained([*taught, folder / "images/eye_9.png"], tmp_path / "unfair", context=0)
    for checkpoint, reason in ((fair, FinishReason.COMPLETED), (unfair, FinishReason.ERRORED)):
        words = (folder / "images", listing, checkpoint, tmp_path / reason, SETTINGS)
        last = list(grading_job(*words, Control()))[-1]
        assert last.reason is reason
    assert "learned from 1 of the files that are only measured on, eye_9.png" in last.message


def test_three_slices_of_a_volume_do_not_pass_for_three_colours(listed, tmp_path):
    folder, rows = listed
    volumes = write_volumes(tmp_path / "volumes", 2)
    checkpoint = pretrained(volumes, tmp_path / "run", context=1)
    words = (folder / "images", write(folder, rows), checkpoint, tmp_path / "graded", SETTINGS)
    last = list(grading_job(*words, Control()))[-1]
    assert "was pretrained on volumes; choose a pretraining on colour pictures" in last.message


def test_pictures_of_one_grade_are_refused(listed):
    folder, rows = listed
    healthy = [(name, 0, split) for name, _, split in rows]
    graded = read_grades(write(folder, healthy), folder / "images", 5)
    with pytest.raises(InputError, match="nothing to tell apart"):
        GradingTask(SETTINGS, graded)
