"""What a training will take is known before its first step, and finding out changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_tasks import SETTINGS, SplitTask, TinyTask, same
from torch import nn

from napari_salient.engine.allocations import allocations
from napari_salient.engine.events import GIB, MemoryForecast
from napari_salient.engine.memory import forecast


class Squares(TinyTask):
    """A chain of activations, each of which is kept for the way back."""

    def __init__(self, length: int, size: int) -> None:
        super().__init__()
        self.length, self.size = length, size

    def batch(self, step):
        return {"values": torch.ones(self.size)}

    def loss(self, batch):
        value = batch["values"] * next(self.model.parameters()).flatten()[0]
        for _ in range(self.length):
            value = value.square()
        return value.sum(), {"largest": float(value.detach().max()), "count": len(value)}


@pytest.mark.parametrize(("length", "size"), [(5, 1000), (20, 10_000)])
def test_what_is_kept_for_the_way_back_is_counted(length, size):
    task = Squares(length, size)
    found = allocations(task, SETTINGS, task.batch(0))
    one = 4 * size
    assert (length + 1) * one <= found.small <= (length + 5) * one
    assert found.large == 0


def test_blocks_from_32_mib_on_are_counted_apart():
    task = Squares(3, 2**23)
    found = allocations(task, SETTINGS, task.batch(0))
    assert found.large >= 4 * 2**25
    assert found.small < 2**20


def test_parts_of_a_batch_take_less():
    task = SplitTask()
    batch = task.batch(0)
    whole = allocations(task, SETTINGS, batch)
    halves = allocations(task, replace(SETTINGS, micro_batches=2), batch)
    assert 0.4 * whole.small < halves.small < 0.8 * whole.small


def test_half_precision_takes_less():
    task = SplitTask()
    batch = task.batch(0)
    half = allocations(task, replace(SETTINGS, precision="bf16-mixed"), batch)
    assert half.small < allocations(task, SETTINGS, batch).small


def test_gradients_and_moments_of_every_weight_are_counted():
    task = SplitTask()
    before = forecast(task, SETTINGS).needed
    task.model.unused = nn.Linear(1000, 1000)
    assert forecast(task, SETTINGS).needed - before == pytest.approx(3 * 4e6 + 3 * 4e6, rel=0.01)


def test_data_is_added_and_what_is_taken_between_steps_is_a_peak_of_its_own():
    task = SplitTask()
    plain, kept, passing = (
        forecast(task, SETTINGS, **data).needed for data in ({}, {"kept": GIB}, {"passing": GIB})
    )
    assert kept - plain == GIB
    assert 0.99 * GIB < passing - plain <= GIB


def test_the_task_is_left_as_it_was():
    task, other = TinyTask(), TinyTask()
    random = torch.random.get_rng_state()
    forecast(task, SETTINGS)
    assert same(task.model.state_dict(), other.model.state_dict())
    assert all(weight.grad is None for weight in task.model.parameters())
    assert same(torch.random.get_rng_state(), random)
    assert task.loss(task.batch(0))[0].isfinite()


def test_it_is_said_in_words_and_warned_of_where_it_is_too_much():
    enough = MemoryForecast(13 * GIB // 10, 23 * GIB)
    assert enough.sentence == "needs about 1.3 GiB of memory; 23.0 GiB are free"
    assert enough.warning == ""
    short = MemoryForecast(30 * GIB, GIB // 2, "cuda")
    assert short.warning.startswith(
        "The training needs about 30.0 GiB on the GPU; 512 MiB are free"
    )
