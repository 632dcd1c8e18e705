"""A run that was interrupted anywhere and resumed is the uninterrupted run, bit for bit."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_tasks import (
    SETTINGS,
    STEPS,
    CancelAtLook,
    SplitTask,
    TinyTask,
    end,
    losses,
    same,
    saved_state,
    train,
)

from napari_salient.engine.checkpoint import checkpoint_paths, latest_checkpoint
from napari_salient.engine.control import Control
from napari_salient.engine.events import Evaluated, FinishReason, Saved, Started, Step, Warned
from napari_salient.engine.fit import fit
from napari_salient.errors import InputError, RunError

CHILD = Path(__file__).with_name("tiny_child.py")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run: its losses, its evaluations, its last state."""
    folder = tmp_path_factory.mktemp("whole")
    events = train(TinyTask(), folder)
    evaluated = [event for event in events if isinstance(event, Evaluated)]
    return losses(events), evaluated, saved_state(folder)


@pytest.mark.parametrize("look", range(STEPS + 7))
def test_interrupt_anywhere_and_resume_is_the_uninterrupted_run(tmp_path, whole, look):
    first = train(TinyTask(), tmp_path, control=CancelAtLook(look))
    if end(first).reason is FinishReason.COMPLETED:
        pytest.skip("the run has fewer places to stop")
    second = train(TinyTask(weights=1), tmp_path, resume=True)

    assert end(second).reason is FinishReason.COMPLETED
    assert losses(first) + losses(second) == whole[0]
    assert [e for e in first + second if isinstance(e, Evaluated)] == whole[1]
    assert same(saved_state(tmp_path), whole[2])


def test_every_look_of_a_run_is_interrupted_above(tmp_path):
    assert end(train(TinyTask(), tmp_path, control=CancelAtLook(STEPS + 7))).result


def test_a_run_interrupted_after_every_single_step_is_still_the_same(tmp_path, whole):
    shown: list[float] = []
    for step in range(STEPS):
        control = Control()
        for event in fit(TinyTask(weights=step), SETTINGS, control, tmp_path, resume=True):
            if isinstance(event, Step):
                shown.append(event.loss)
                control.cancel()
    train(TinyTask(weights=1), tmp_path, resume=True)
    assert shown == whole[0]
    assert same(saved_state(tmp_path), whole[2])


def test_killed_process_and_resume_in_a_new_one_is_the_uninterrupted_run(tmp_path, whole):
    settings = ["train", str(tmp_path)]
    child = subprocess.Popen(
        [sys.executable, str(CHILD), *settings], stdout=subprocess.PIPE, text=True
    )
    with child:
        for line in child.stdout:
            if line.startswith("Step(step=5"):
                child.send_signal(signal.SIGKILL)
                break
    assert child.returncode == -signal.SIGKILL
    second = train(TinyTask(), tmp_path, resume=True)
    assert losses(second) == whole[0][-len(losses(second)) :]
    assert same(saved_state(tmp_path), whole[2])


def test_cancel_between_the_parts_of_a_step_half_applies_nothing(tmp_path):
    settings = replace(SETTINGS, micro_batches=4, evaluate_every=0)
    whole = train(SplitTask(mixing=True), tmp_path / "whole", settings)
    for look in range(1, 12, 2):
        folder = tmp_path / str(look)
        first = train(SplitTask(mixing=True), folder, settings, CancelAtLook(look))
        assert end(first).step == len(losses(first))
        second = train(SplitTask(mixing=True), folder, settings, resume=True)
        assert losses(first) + losses(second) == losses(whole)
        assert same(saved_state(folder), saved_state(tmp_path / "whole"))


def test_resume_goes_back_to_the_newest_checkpoint_that_can_be_read(tmp_path, whole):
    train(TinyTask(), tmp_path, control=CancelAtLook(5))
    newest, before = checkpoint_paths(tmp_path)
    newest.write_bytes(newest.read_bytes()[:-100])
    events = train(TinyTask(), tmp_path, resume=True)
    assert isinstance(events[0], Warned)
    assert newest.name in events[0].message
    assert isinstance(events[1], Started)
    assert before.name == f"step-{events[1].step:08d}.safetensors"
    assert same(saved_state(tmp_path), whole[2])
    assert newest.with_name(newest.name + ".unreadable").exists()


def test_resume_with_no_readable_checkpoint_is_refused_and_touches_nothing(tmp_path):
    train(TinyTask(), tmp_path, control=CancelAtLook(3))
    for path in checkpoint_paths(tmp_path):
        path.write_bytes(b"garbage")
    before = sorted(tmp_path.rglob("*"))
    finished = end(train(TinyTask(), tmp_path, resume=True))
    assert finished.reason is FinishReason.ERRORED
    assert isinstance(finished.error, RunError)
    assert sorted(tmp_path.rglob("*")) == before


def test_resume_before_anything_was_saved_starts_from_the_beginning(tmp_path, whole):
    assert losses(train(TinyTask(), tmp_path, resume=True)) == whole[0]


def test_new_run_in_a_folder_with_checkpoints_is_refused(tmp_path):
    train(TinyTask(), tmp_path)
    kept = saved_state(tmp_path)
    finished = end(train(TinyTask(weights=1), tmp_path))
    assert isinstance(finished.error, RunError)
    assert same(saved_state(tmp_path), kept)


def test_resume_of_a_completed_run_gives_its_metrics_again(tmp_path):
    first = train(TinyTask(), tmp_path)
    second = train(TinyTask(), tmp_path, resume=True)
    assert end(second).result == end(first).result != {}
    assert not losses(second)
    assert not [event for event in second if isinstance(event, Saved)]


def test_a_longer_run_goes_on_from_a_shorter_one_and_says_that_it_is_another(tmp_path):
    train(TinyTask(), tmp_path)
    events = train(TinyTask(), tmp_path, replace(SETTINGS, steps=STEPS + 2), resume=True)
    assert len(losses(events)) == 2
    warned = next(event for event in events if isinstance(event, Warned))
    assert warned.message.startswith(f"Resumed with steps {STEPS} → {STEPS + 2}")


def test_resume_takes_the_threads_of_the_run_so_far_and_says_so_if_told_otherwise(tmp_path):
    train(TinyTask(), tmp_path, control=CancelAtLook(2))
    automatic = train(
        TinyTask(), tmp_path, replace(SETTINGS, threads=0), CancelAtLook(2), resume=True
    )
    assert next(e for e in automatic if isinstance(e, Started)).threads == 1
    assert not [e for e in automatic if isinstance(e, Warned)]
    other = train(TinyTask(), tmp_path, replace(SETTINGS, threads=2), resume=True)
    assert "threads 1 → 2" in next(e for e in other if isinstance(e, Warned)).message


def test_checkpoint_of_another_model_is_refused(tmp_path):
    train(TinyTask(), tmp_path, control=CancelAtLook(2))
    finished = end(train(SplitTask(), tmp_path, resume=True))
    assert isinstance(finished.error, RunError)
    assert "another model" in finished.message
    assert latest_checkpoint(tmp_path) is not None


class RefusesState(TinyTask):
    def load_state_dict(self, state):
        raise InputError("The checkpoint has other classes.")


def test_a_task_that_refuses_a_checkpoint_leaves_it_as_it_is(tmp_path):
    train(TinyTask(), tmp_path, control=CancelAtLook(2))
    before = {path: path.read_bytes() for path in checkpoint_paths(tmp_path)}
    finished = end(train(RefusesState(), tmp_path, resume=True))
    assert finished.message == "The checkpoint has other classes."
    assert {path: path.read_bytes() for path in checkpoint_paths(tmp_path)} == before
