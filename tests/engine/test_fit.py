"""What a training says, how it ends, and what it leaves behind."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import torch
from tiny_tasks import (
    SETTINGS,
    STEPS,
    CancelAtLook,
    PauseAtLook,
    SplitTask,
    TinyTask,
    end,
    losses,
    same,
    saved_state,
    train,
)
from torch import nn

from napari_salient.engine.checkpoint import checkpoint_paths
from napari_salient.engine.events import (
    Evaluated,
    FinishReason,
    Progress,
    Saved,
    Started,
    Step,
)
from napari_salient.engine.fit import fit
from napari_salient.errors import InputError, RunError


def test_a_training_says_what_it_does_in_order(tmp_path):
    events = train(TinyTask(), tmp_path, replace(SETTINGS, steps=2, save_every=0))
    kinds = [type(event) for event in events if not isinstance(event, Progress)]
    assert kinds == [Started, Saved, Step, Step, Evaluated, Saved, type(end(events))]
    assert end(events).reason is FinishReason.COMPLETED
    assert end(events).result == {"accuracy": pytest.approx(0.5, abs=0.5)}


def test_training_lowers_the_loss(tmp_path):
    shown = losses(train(TinyTask(), tmp_path, replace(SETTINGS, steps=120, save_every=0)))
    assert sum(shown[-10:]) < 0.8 * sum(shown[:10])


def test_two_newest_checkpoints_are_kept(tmp_path):
    train(TinyTask(), tmp_path, replace(SETTINGS, save_every=1))
    assert [path.stem for path in checkpoint_paths(tmp_path)] == ["step-00000006", "step-00000005"]


def test_groups_keep_their_own_peak_rate_along_the_schedule(tmp_path):
    train(TinyTask(), tmp_path, replace(SETTINGS, steps=3, learning_rate=1e-2))
    encoder, rest = saved_state(tmp_path)["optimiser"]["param_groups"]
    assert rest["lr"] == pytest.approx(10 * encoder["lr"])


class BreaksAtStep(TinyTask):
    """Raises in the loss of one step, after the forward pass has changed the batch norm."""

    broken = 3

    def loss(self, batch):
        loss, metrics = super().loss(batch)
        if self.seen.item() == self.broken + 1:
            raise RuntimeError("a kernel failed")
        return loss, metrics


@pytest.mark.parametrize("broken", range(STEPS))
def test_error_in_any_step_ends_typed_and_keeps_all_steps_before_it(tmp_path, broken):
    task = BreaksAtStep()
    task.broken = broken
    first = train(task, tmp_path)
    assert end(first).reason is FinishReason.ERRORED
    assert isinstance(end(first).error, RuntimeError)
    assert end(first).message == "Training stopped: RuntimeError: a kernel failed"

    second = train(TinyTask(), tmp_path, resume=True)
    whole = train(TinyTask(), tmp_path / "whole")
    assert losses(first) + losses(second) == losses(whole)
    assert same(saved_state(tmp_path), saved_state(tmp_path / "whole"))


class TurnsNan(TinyTask):
    """Its loss, or only the gradient of its loss, becomes NaN at one step."""

    gradient_only = False

    def loss(self, batch):
        loss, metrics = super().loss(batch)
        if self.seen.item() < 4:
            return loss, metrics
        if self.gradient_only:
            return loss + torch.sqrt(self.model.second.bias[0] * 0).clamp(min=0), metrics
        return loss * float("nan"), metrics


@pytest.mark.parametrize("gradient_only", [False, True])
def test_loss_that_is_no_number_ends_before_it_reaches_the_weights(tmp_path, gradient_only):
    task = TurnsNan()
    task.gradient_only = gradient_only
    events = train(task, tmp_path)
    assert isinstance(end(events).error, RunError)
    assert "at step 4" in end(events).message
    weights = saved_state(tmp_path)["model"]
    assert all(torch.isfinite(value).all() for value in weights.values())
    assert saved_state(tmp_path)["step"] == 2


class BreaksInEvaluation(TinyTask):
    def evaluate(self):
        yield 1, 3
        raise ZeroDivisionError("no cases")


def test_error_in_an_evaluation_keeps_the_training(tmp_path):
    events = train(BreaksInEvaluation(), tmp_path)
    assert isinstance(end(events).error, ZeroDivisionError)
    assert saved_state(tmp_path)["step"] == end(events).step == 3


class HoldsAnObject(TinyTask):
    def state_dict(self):
        return {"seen": self.seen, "cohort": object()}


def test_state_that_cannot_be_stored_without_pickle_is_named(tmp_path):
    finished = end(train(HoldsAnObject(), tmp_path))
    assert finished.reason is FinishReason.ERRORED
    assert "'state.task.cohort' holds a object" in finished.message


@pytest.mark.parametrize(
    "settings",
    [
        {"device": "mps"},
        {"precision": "16-mixed"},
        {"micro_batches": 2},
    ],
    ids=str,
)
def test_settings_that_cannot_be_met_end_typed_before_anything_is_written(tmp_path, settings):
    if settings == {"device": "mps"} and torch.backends.mps.is_available():
        pytest.skip("this machine has one")
    finished = end(train(TinyTask(), tmp_path, replace(SETTINGS, **settings)))
    assert finished.reason is FinishReason.ERRORED
    assert isinstance(finished.error, InputError)
    assert not list(tmp_path.iterdir())


def test_bfloat16_trains_on_the_cpu(tmp_path):
    events = train(TinyTask(), tmp_path, replace(SETTINGS, precision="bf16-mixed"))
    assert end(events).reason is FinishReason.COMPLETED


@pytest.mark.parametrize("look", [0, 2, 3, STEPS + 2])
def test_cancel_while_paused_ends_at_once_with_a_checkpoint(tmp_path, look):
    control = PauseAtLook(look)
    events = []
    paused = threading.Event()
    control.pause = lambda: (PauseAtLook.pause(control), paused.set())
    thread = threading.Thread(
        target=lambda: events.extend(fit(TinyTask(), SETTINGS, control, tmp_path))
    )
    thread.start()
    assert paused.wait(30)
    control.cancel()
    thread.join(30)
    assert end(events).reason is FinishReason.CANCELLED
    assert saved_state(tmp_path)["step"] == end(events).step


def test_a_paused_run_goes_on_where_it_was(tmp_path):
    control = PauseAtLook(3)
    control.pause = lambda: (PauseAtLook.pause(control), threading.Timer(0, control.resume).start())
    train(TinyTask(), tmp_path, control=control)
    train(TinyTask(), tmp_path / "whole")
    assert same(saved_state(tmp_path), saved_state(tmp_path / "whole"))


def test_cancelled_after_the_last_unit_of_work_is_completed(tmp_path):
    looks = STEPS + 1 + 2 * 3
    events = train(TinyTask(), tmp_path, control=CancelAtLook(looks))
    assert end(events).reason is FinishReason.COMPLETED


@pytest.mark.parametrize("parts", [2, 3, 4])
def test_an_exact_task_has_the_same_gradients_in_parts(tmp_path, parts):
    settings = replace(SETTINGS, steps=1, schedule="constant", evaluate_every=0)
    train(SplitTask(), tmp_path / "whole", settings)
    events = train(SplitTask(), tmp_path / "parts", replace(settings, micro_batches=parts))
    whole, split = saved_state(tmp_path / "whole"), saved_state(tmp_path / "parts")
    moments = zip(
        whole["optimiser"]["state"].values(), split["optimiser"]["state"].values(), strict=True
    )
    for one, other in moments:
        torch.testing.assert_close(one["exp_avg"], other["exp_avg"], rtol=1e-4, atol=1e-8)
    told = [e for e in events if isinstance(e, Progress) and e.what == "parts of step 1"]
    assert len(told) == len(SplitTask().split(SplitTask().batch(0), parts))
    torch.testing.assert_close(losses(events)[0], losses(train(SplitTask(), tmp_path, settings))[0])


class SharedWeights(TinyTask):
    """Two names for one tensor, as language models tie their embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.model.again = self.model.second


def test_tied_weights_are_saved_and_resumed(tmp_path):
    train(SharedWeights(), tmp_path, control=CancelAtLook(3))
    assert end(train(SharedWeights(), tmp_path, resume=True)).reason is FinishReason.COMPLETED


class ChannelsLast(TinyTask):
    def __init__(self, weights: int = 0) -> None:
        super().__init__(weights)
        self.model.first = nn.Conv2d(1, 4, 3, padding=1)
        self.model.second = self.model.second.to(memory_format=torch.channels_last)


def test_memory_layout_survives_a_resume(tmp_path):
    train(ChannelsLast(), tmp_path, control=CancelAtLook(3))
    train(ChannelsLast(), tmp_path, resume=True)
    train(ChannelsLast(), tmp_path / "whole")
    assert same(saved_state(tmp_path), saved_state(tmp_path / "whole"))


def test_gradient_mode_is_left_alone_between_events(tmp_path):
    for _ in fit(TinyTask(), SETTINGS, CancelAtLook(99), tmp_path):
        assert torch.is_grad_enabled()
        assert not torch.is_autocast_enabled("cpu")
