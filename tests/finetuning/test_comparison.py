"""The comparison: paired by seed, resumable, and honest about what it found."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason, Progress
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError
from napari_salient.finetuning.comparison import compare_job
from napari_salient.finetuning.comparison.arms import arms_of, cells_of, labelled_cases
from napari_salient.finetuning.comparison.summary import steps_to, summarise
from napari_salient.finetuning.comparison.training import Outcome
from napari_salient.finetuning.settings import ComparisonSettings
from napari_salient.pretraining.library import newest_checkpoint

SETTINGS = ComparisonSettings(
    tasks="rotation",
    pretraining_steps=2,
    fractions="0.4,0.8",
    seeds=1,
    curve_points=2,
    processes=1,
    segmentation=SegmentationSettings(width=4, context=0, batch_size=2, fit=FitSettings(steps=4)),
)
ENCODERS = {"rotation": Path("a"), "masked": Path("b")}


def outcome(arm, seed, dice, curve, fraction=0.1):
    return Outcome(arm, fraction, seed, 3, dice, {"1": dice}, dice, [], curve, 1.0)


def test_arms_of_a_seed_share_volumes_weights_batches_and_steps(folders):
    cohort = Cohort.read(*folders, "axial", 5)
    arms = arms_of(ENCODERS, SETTINGS)
    assert [arm.name for arm in arms] == [
        *("scratch", "rotation", "rotation, frozen", "masked", "masked, frozen")
    ]
    cells = list(cells_of(cohort, replace(SETTINGS, seeds=3), arms))
    for first, *others in zip(*[iter(cells)] * len(arms), strict=True):
        assert first.arm.name == "scratch"
        for other in others:
            assert other.cases == first.cases
            assert other.settings.fit == first.settings.fit
            assert other.settings.warm_up == (1.0 if other.arm.frozen else 0.1)
    assert len({cell.key for cell in cells}) == len(cells) == 3 * 2 * len(arms)


def test_each_seed_draws_its_own_volumes_and_never_a_test_volume(folders):
    cohort = Cohort.read(*folders, "axial", 5)
    drawn = {labelled_cases(cohort, 0.4, seed) for seed in range(20)}
    assert len(drawn) > 3
    assert all(set(cases) <= set(cohort.pool) for cases in drawn)
    assert set(labelled_cases(cohort, 0.2, 0)) < set(labelled_cases(cohort, 0.8, 0))


def test_steps_are_counted_to_where_the_curve_crosses_the_goal():
    assert steps_to([(10, 0.5), (20, 0.9)], 0.7) == pytest.approx(15)
    assert steps_to([(10, 0.5), (20, 0.9)], 0.25) == 5
    assert math.isnan(steps_to([(10, 0.5)], 0.6))


def test_where_scratch_learns_nothing_no_steps_are_saved():
    found = [outcome("scratch", 0, 0.0, [(10, 0.0)]), outcome("cpc", 0, 0.4, [(10, 0.4)])]
    (row,) = summarise(found, {0.1: [0.5]})
    assert row["arms"]["cpc"]["steps_saved"] is None


def test_differences_are_paired_and_a_gain_has_its_interval_above_zero():
    found = []
    for seed in range(5):
        hard = 0.05 * seed
        found.append(outcome("scratch", seed, 0.8 - hard, [(10, 0.4), (20, 0.8 - hard)]))
        found.append(outcome("jigsaw", seed, 0.83 - hard, [(10, 0.8 - hard), (20, 0.83)]))
    (row,) = summarise(found, {0.1: [0.5] * 5})
    arm = row["arms"]["jigsaw"]
    assert arm["difference_to_scratch"]["mean"] == pytest.approx(0.03)
    assert arm["difference_to_scratch"]["interval_95"] == pytest.approx([0.03, 0.03])
    assert arm["steps_saved"]["mean"] > 0.4
    assert arm["steps_to_plateau"]["reached"] == 5
    assert row["atlas_dice"]["mean"] == 0.5
    assert "difference_to_scratch" not in row["arms"]["scratch"]


def test_an_arm_that_never_gets_there_saves_nothing():
    found = [outcome("scratch", 0, 0.8, [(10, 0.8)]), outcome("cpc", 0, 0.1, [(10, 0.1)])]
    (row,) = summarise(found, {0.1: [0.5]})
    assert row["arms"]["cpc"]["steps_saved"] is None
    assert row["arms"]["cpc"]["steps_to_plateau"] == {"mean": None, "reached": 0, "of": 1}


def test_an_encoder_that_does_not_fit_is_refused_before_anything_is_trained(
    folders, tmp_path, pretrain
):
    words = [newest_checkpoint(pretrain(width=6))], SETTINGS, tmp_path / "out.json", Control()
    last = list(compare_job(partial(Cohort.read, *folders), *words))[-1]
    assert "width would have to be 6 and is 4" in last.message
    assert not list(tmp_path.glob("out.json*"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"tasks": ""}, "Name proxy tasks"),
        ({"tasks": "rotation,puzzle"}, "no proxy task 'puzzle'"),
        ({"fractions": "0.1,2"}, "'fractions' must be numbers above 0"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_written(
    folders, tmp_path, change, sentence
):
    settings = replace(SETTINGS, **change)
    (last,) = compare_job(
        partial(Cohort.read, *folders), [], settings, tmp_path / "out.json", Control()
    )
    assert isinstance(last.error, InputError)
    assert sentence in last.message
    assert not list(tmp_path.glob("out*"))


@pytest.mark.slow
def test_an_interrupted_comparison_goes_on_where_it_was(folders, tmp_path):
    output = tmp_path / "out.json"
    control = Control()
    for event in compare_job(partial(Cohort.read, *folders), [], SETTINGS, output, control):
        if isinstance(event, Progress) and event.what == "trainings" and event.done == 2:
            control.cancel()
    assert isinstance(event, Finished)
    assert event.reason is FinishReason.CANCELLED
    other = replace(SETTINGS, seeds=2)
    refused = list(compare_job(partial(Cohort.read, *folders), [], other, output, Control()))[-1]
    assert "other settings" in refused.message
    lines = tmp_path / "out.json.partial.jsonl"
    kept = lines.read_text().splitlines()[1:]
    assert len(kept) == 2
    last = list(compare_job(partial(Cohort.read, *folders), [], SETTINGS, output, Control()))[-1]
    assert last.reason is FinishReason.COMPLETED
    result = json.loads(output.read_text())
    assert len(result["outcomes"]) == 2 * 3
    assert all(json.loads(line) in result["outcomes"] for line in kept)
    assert [row["volumes"] for row in result["summary"]] == [2, 4]
    assert result["pretrainings"]["rotation"]["chance"] == 0.25
    assert [step for step, _ in result["outcomes"][0]["curve"]] == [2, 4]
    assert output.with_suffix(".png").stat().st_size > 10_000
    assert not lines.exists()
