"""The five states of a run, and what its folder tells after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tiny_tasks import SETTINGS, CancelAtLook, TinyTask

from napari_salient.engine.events import Evaluated, Finished, FinishReason, Progress, Saved
from napari_salient.engine.fit import fit
from napari_salient.engine.run import Run, RunState, list_runs, read_events
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import RunError

CHANGES = ("pause", "resume", "cancel", "restart", "record")
ALLOWED = {
    RunState.IDLE: {"record"},
    RunState.RUNNING: {"pause", "cancel"},
    RunState.PAUSED: {"resume", "cancel"},
    RunState.FINISHED: {"restart"},
    RunState.FAILED: {"restart"},
}


def job(run, *, fails=False):
    """A job that a test steers through the events it takes."""
    while not run.control.cancelled:
        yield Progress(1, 2, "cases")
        if fails:
            raise RuntimeError("a kernel failed")
    yield Finished(FinishReason.CANCELLED)


@pytest.fixture
def run(tmp_path):
    run = Run.create(tmp_path / "runs", "training", SETTINGS)
    yield run
    leave(run)


def leave(run: Run) -> None:
    """Stop following a run, whatever its state."""
    if hasattr(run, "events"):
        run.events.close()
    run._end(None)


def bring(run: Run, state: RunState) -> None:
    """Bring an idle run into a state."""
    if state is RunState.IDLE:
        return
    events = run.record(job(run, fails=state is RunState.FAILED))
    run.events = events
    next(events)
    if state is RunState.PAUSED:
        run.pause()
    elif state is RunState.FINISHED:
        run.cancel()
    if state in (RunState.FINISHED, RunState.FAILED):
        list(events)


def change(run: Run, name: str) -> None:
    if name == "record":
        run.record(iter(()))
    else:
        getattr(run, name)()


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("state", RunState)
def test_each_change_is_made_or_refused(run, state, name):
    bring(run, state)
    assert run.state is state
    if name in ALLOWED[state]:
        change(run, name)
    else:
        with pytest.raises(RunError, match=run.id):
            change(run, name)
        assert run.state is state


def test_a_run_goes_through_its_states(run):
    events = run.record(job(run))
    assert run.state is RunState.RUNNING
    next(events)
    run.pause()
    assert run.control.paused
    run.resume()
    assert not run.control.paused
    run.pause()
    run.cancel()
    assert list(events)[-1] == Finished(FinishReason.CANCELLED)
    assert run.state is RunState.FINISHED
    run.restart()
    assert not run.control.cancelled
    list(run.record(iter([Finished(FinishReason.COMPLETED)])))
    assert run.state is RunState.FINISHED


def test_a_run_being_cancelled_cannot_be_paused(run):
    bring(run, RunState.RUNNING)
    run.cancel()
    with pytest.raises(RunError, match="being cancelled"):
        run.pause()
    run.cancel()


def test_a_job_that_raises_or_stops_silently_still_ends_typed(run):
    last = list(run.record(job(run, fails=True)))[-1]
    assert last.reason is FinishReason.ERRORED
    assert isinstance(last.error, RuntimeError)
    run.restart()
    last = list(run.record(iter([Progress(1, 1, "cases")])))[-1]
    assert isinstance(last.error, RunError)
    assert run.state is RunState.FAILED


def test_a_run_that_nobody_follows_any_more_has_failed_and_can_be_restarted(run):
    events = run.record(job(run))
    next(events)
    events.close()
    assert run.state is RunState.FAILED
    run.restart()


def test_every_event_is_written_down(run):
    seen = list(run.record(fit(TinyTask(), SETTINGS, run.control, run.directory)))
    logged = [event for _, event in read_events(run.directory)]
    assert [type(event) for event in logged] == [type(event) for event in seen]
    assert logged[:-1] == seen[:-1]
    assert logged[-1] == Finished(FinishReason.COMPLETED, step=SETTINGS.steps)
    times = [time for time, _ in read_events(run.directory)]
    assert times == sorted(times)


def test_a_cancelled_training_is_restarted_and_resumed(run):
    run.control = CancelAtLook(2)
    list(run.record(fit(TinyTask(), SETTINGS, run.control, run.directory)))
    assert run.state is RunState.FINISHED

    again = Run.open(run.directory)
    again.restart()
    job = fit(TinyTask(), SETTINGS, again.control, again.directory, resume=True)
    assert list(again.record(job))[-1].reason is FinishReason.COMPLETED
    reasons = [e.reason for _, e in read_events(run.directory) if isinstance(e, Finished)]
    assert reasons == [FinishReason.CANCELLED, FinishReason.COMPLETED]


@dataclass(frozen=True)
class Nested:
    """Settings as methods have them."""

    fit: FitSettings
    folder: Path
    classes: tuple[str, ...] = ("grey", "weiß")
    limit: float | None = None


def test_settings_are_plain_yaml(tmp_path):
    run = Run.create(tmp_path, "active-learning", Nested(SETTINGS, Path("a/b")))
    stored = yaml.safe_load((run.directory / "settings.yaml").read_text(encoding="utf-8"))
    assert FitSettings(**stored["fit"]) == SETTINGS
    assert stored["folder"] == str(Path("a/b"))
    assert stored["classes"] == ["grey", "weiß"]
    assert stored["limit"] is None
    assert run.settings() == stored


def test_folder_names_say_kind_and_time(run):
    assert re.fullmatch(r"training-\d{8}T\d{6}-[0-9a-f]{4}", run.id)
    assert run.kind == "training"


def test_runs_are_listed_with_their_states_newest_first(tmp_path):
    states = list(RunState)
    kept = [Run.create(tmp_path, "training", SETTINGS) for _ in states]
    for number, (run, state) in enumerate(zip(kept, states, strict=True)):
        later = tmp_path / f"training-2026010{number}T000000-abcd"
        run.directory.rename(later)
        run.directory = later
        bring(run, state)
    (tmp_path / "notes").mkdir()
    listed = list_runs(tmp_path)
    assert [run.id for run in listed] == [run.id for run in reversed(kept)]
    assert [run.state for run in listed] == list(reversed(states))
    assert list_runs(tmp_path / "nowhere") == []
    for run in kept:
        leave(run)


def test_a_run_that_is_being_worked_on_belongs_to_who_works_on_it(run):
    bring(run, RunState.RUNNING)
    other = Run.open(run.directory)
    for name in ("pause", "cancel", "record"):
        with pytest.raises(RunError):
            change(other, name)
    assert not run.control.cancelled


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="not the folder of a run"):
        Run.open(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        Run.create(tmp_path / "file", "training", SETTINGS)


def test_a_log_that_cannot_be_written_does_not_end_the_run(run, caplog):
    (run.directory / "events.jsonl").mkdir()
    events = [Progress(n, 3, "cases") for n in range(3)] + [Finished(FinishReason.COMPLETED)]
    assert list(run.record(iter(events))) == events
    assert run.state is RunState.FINISHED
    assert len(caplog.records) == 1


def test_what_comes_after_the_end_is_dropped_but_run_through(run):
    through = []

    def chatty():
        yield Saved(1, "a")
        yield Finished(FinishReason.COMPLETED)
        through.append("tidied up")
        yield Evaluated(1, {})

    seen = list(run.record(chatty()))
    assert [type(event) for event in seen] == [Saved, Finished]
    assert through == ["tidied up"]
