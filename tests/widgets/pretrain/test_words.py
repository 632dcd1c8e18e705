from __future__ import annotations

from typing import get_args

import pytest

from napari_salient.engine.events import Evaluated, MemoryForecast, Started, Step
from napari_salient.pretraining.settings import PoolTraining, TaskName
from napari_salient.pretraining.survey import Estimate
from napari_salient.widgets.pretrain.history import History
from napari_salient.widgets.pretrain.words import TASKS, estimate_text, outcome_text, title_of


def measured(accuracy, chance=0.25, held_out=True):
    history = History()
    history.add(Started(10))
    history.add(Step(1, 10, 1.0, 0.1, {"accuracy": accuracy, "chance": chance}))
    if held_out:
        history.add(Evaluated(10, {"accuracy": accuracy, "chance": chance}))
    return history


def test_every_task_has_a_name_and_is_explained_in_a_sentence():
    assert tuple(TASKS) == get_args(TaskName)
    assert all(said.endswith(".") for _, said in TASKS.values())


@pytest.mark.parametrize(
    ("task", "history", "said"),
    [
        ("rotation", measured(0.83), "On held-out volumes 83% of its answers are right"),
        ("jigsaw", measured(0.5, held_out=False), "On the volumes it learned from 50%"),
        ("masked", measured(0.41, 0.0), "explains 41% of what was hidden"),
        ("rotation", measured(0.26), "learned hardly anything"),
        ("rotation", History(), "Nothing was measured."),
    ],
)
def test_what_was_learned_is_said_in_a_sentence(task, history, said):
    assert said in outcome_text(task, history)
    assert "%" not in said or "by chance" in outcome_text(task, history) or task == "masked"


def test_an_estimate_says_how_far_a_budget_goes_and_whether_memory_is_short():
    short, enough = MemoryForecast(2**31, 2**30), MemoryForecast(2**30, 2**31)
    said = "A step takes 0.12 s: 15,000 steps in 30 min 00 s. It needs about 1.0 GiB of memory"
    assert estimate_text(Estimate(0.12, enough), 15_000).startswith(said)
    said = "A step takes 2 s: 1 step in 2 s. The training needs about 2.0 GiB"
    assert estimate_text(Estimate(2.0, short), 1).startswith(said)


def test_a_run_has_a_title(tmp_path):
    training = PoolTraining(task="cpc", spatial_dims=3, pool=tmp_path / "scans")
    assert title_of(training) == "Predictive coding (CPC) in 3D on scans"
