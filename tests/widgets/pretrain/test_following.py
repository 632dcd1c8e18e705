"""What is told of a run that some process works on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import pytest

from napari_salient.engine.control import Control
from napari_salient.engine.events import Evaluated, Finished, FinishReason, Paused, Started, Step
from napari_salient.engine.run import Run
from napari_salient.widgets.pretrain.following import LOG, ChildControl, follow_job
from napari_salient.widgets.pretrain.found_runs import FoundRuns, find_runs
from napari_salient.widgets.pretrain.history import History


@dataclass(frozen=True)
class Settings:
    steps: int = 10


def job(*ends):
    yield Started(10)
    for step in range(1, 11):
        yield Step(step, 10, 1.0, 0.0, {"accuracy": 0.5, "chance": 0.25})
    yield Evaluated(10, {"accuracy": 0.6, "chance": 0.25})
    yield Finished(*ends)


def make(runs, kind="pretraining"):
    return Run.create(runs, kind, Settings())


def told(run, history=None):
    return list(follow_job(run.directory, history or History(), Control()))


def test_of_what_is_past_only_the_newest_step_is_told(tmp_path):
    run, history = make(tmp_path), History()
    list(run.record(job(FinishReason.COMPLETED, 10)))
    step, finished, *_ = told(run, history)
    assert (step.step, finished.reason) == (10, FinishReason.COMPLETED)
    assert history.held_out("accuracy") == ([10.0], [0.6])


def test_a_run_that_waits_is_told_to_wait(tmp_path):
    run = make(tmp_path)
    events = run.record(job(FinishReason.COMPLETED))
    list(islice(events, 3))
    run.pause()
    control = Control()
    following = follow_job(run.directory, History(), control)
    assert [type(next(following)) for _ in range(2)] == [Step, Paused]
    run.resume()
    list(events)
    assert next(e for e in following if isinstance(e, Finished)).reason is FinishReason.COMPLETED


def test_the_end_of_following_is_no_end_of_the_run(tmp_path):
    run, control = make(tmp_path), Control()
    events = run.record(job(FinishReason.COMPLETED))
    next(events)
    control.cancel()
    assert list(follow_job(run.directory, History(), control))[-1].reason is FinishReason.CANCELLED
    assert [type(event) for event in list(events)[-2:]] == [Evaluated, Finished]


class Child:
    """A process as far as the buttons see it."""

    def __init__(self, returncode=None):
        self.returncode = returncode

    def poll(self):
        return self.returncode

    def terminate(self):
        self.returncode = -15


def test_a_process_that_has_not_begun_can_be_cancelled(tmp_path):
    run, child = make(tmp_path), Child()
    ChildControl(run.directory, child).cancel()
    (finished,) = follow_job(run.directory, History(), Control(), child)
    assert finished == Finished(FinishReason.CANCELLED, message="It was stopped before it began.")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "reading\nnapari-salient: The pool is gone; look for it.\n",
            "The pool is gone; look for it.",
        ),
        (
            "Traceback\n  File\n\nImportError: no module\n",
            "Traceback\n  File\nImportError: no module",
        ),
        ("", "it ended with exit code 1 and said nothing."),
    ],
)
def test_a_process_that_fails_at_its_start_has_its_last_words(tmp_path, written, said):
    run = make(tmp_path)
    list(run.record(job(FinishReason.CANCELLED)))
    (run.directory / LOG).write_text(written)
    *_, finished = follow_job(run.directory, History(), Control(), Child(1))
    assert finished.reason is FinishReason.ERRORED
    assert finished.message == f"The training could not start: {said}"


def test_the_closed_window_waits_for_no_child(tmp_path):
    control = Control()
    control.cancel()
    (finished,) = follow_job(make(tmp_path).directory, History(), control, Child())
    assert finished.reason is FinishReason.CANCELLED


def test_a_process_that_the_system_killed_is_told_as_such(tmp_path):
    lost = Finished(FinishReason.ERRORED, message="It ended without a word.")
    said = ChildControl(tmp_path, Child(-9)).explain(lost).message
    assert said == (
        "It ended without a word. The system ended it by signal 9, perhaps for want of memory."
    )
    assert ChildControl(tmp_path, Child(1)).explain(lost) == lost
    assert ChildControl(tmp_path, None).explain(lost) == lost


def test_running_and_interrupted_runs_of_a_folder_are_found(tmp_path):
    assert find_runs(tmp_path / "nowhere") == FoundRuns()
    cancelled, other, running = make(tmp_path), make(tmp_path, "segmentation"), make(tmp_path)
    list(cancelled.record(job(FinishReason.CANCELLED)))
    list(other.record(job(FinishReason.CANCELLED)))
    assert find_runs(tmp_path) == FoundRuns(interrupted=cancelled.directory)
    events = running.record(job(FinishReason.COMPLETED))
    next(events)
    assert find_runs(tmp_path).running == running.directory
    list(events)
    assert find_runs(tmp_path).running is None
