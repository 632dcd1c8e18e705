"""Runs are listed, shown and followed from their folders alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from napari_salient.cli import main
from napari_salient.engine.events import Evaluated, Event, Finished, FinishReason, Step
from napari_salient.engine.orders import ORDER
from napari_salient.engine.run import Run
from napari_salient.engine.settings import FitSettings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COMPLETED = Finished(FinishReason.COMPLETED, 2, "done")
TRAINING = (Step(1, 2, 0.5, 0.1), Step(2, 2, 0.25, 0.1), Evaluated(2, {"dice": 0.8}), COMPLETED)


def finished_run(folder: Path, events: Iterable[Event] = TRAINING) -> Run:
    run = Run.create(folder, "segmentation", FitSettings(steps=2))
    list(run.record(events))
    return run


def test_runs_of_a_folder_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished_run(tmp_path)
    idle = Run.create(tmp_path, "segmentation", FitSettings())
    assert main(["runs", "list", str(tmp_path), "--json"]) == 0
    states = {row["run"]: row["state"] for row in json.loads(capsys.readouterr().out)["runs"]}
    assert states == {run.id: "finished", idle.id: "idle"}


@pytest.mark.parametrize("end", [COMPLETED, Finished(FinishReason.CANCELLED)], ids=str)
def test_a_cancelled_run_is_told_from_one_that_is_done(
    tmp_path: Path, end: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    run = finished_run(tmp_path, [*TRAINING[:2], end])
    assert run.was_cancelled == (end.reason is FinishReason.CANCELLED)
    assert main(["runs", "list", str(tmp_path), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["runs"]
    assert row["state"] == ("cancelled" if run.was_cancelled else "finished")


def test_runs_of_a_project_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "project.toml").touch()
    run = finished_run(tmp_path / "runs")
    assert main(["runs", "list", str(tmp_path)]) == 0
    assert run.id in capsys.readouterr().out


def test_no_runs_are_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list", str(tmp_path)]) == 0
    assert "There are no runs" in capsys.readouterr().out


def test_one_run_is_shown_with_curves_and_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = finished_run(tmp_path)
    assert main(["runs", "show", str(run.directory), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["loss"] == [[1, 0.5], [2, 0.25]]
    assert shown["evaluations"] == [{"step": 2, "dice": 0.8}]
    assert "steps: 2" in shown["settings"]
    assert main(["runs", "show", str(tmp_path), "--run", run.id]) == 0
    assert "completed. done" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["nowhere", "."])
def test_a_run_that_is_not_there_is_one_sentence(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "show", str(tmp_path / place), "--run", "segmentation-x"]) == 1
    assert capsys.readouterr().err.startswith("napari-salient: There is no ")


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (COMPLETED, 0),
        (Finished(FinishReason.CANCELLED), 130),
        (Finished(FinishReason.ERRORED, message="The disk is full."), 1),
    ],
    ids=["completed", "cancelled", "errored"],
)
def test_following_ends_with_the_exit_code_of_the_run(
    tmp_path: Path, end: Finished, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    run = finished_run(tmp_path, [Step(1, 2, 0.5, 0.1), end])
    assert main(["runs", "follow", str(tmp_path)]) == code
    shown = capsys.readouterr().err
    assert f"{run.id}: 1 of 2 steps, loss 0.5" in shown
    assert "The disk is full." in shown or code != 1


@pytest.mark.parametrize("order", ["pause", "resume", "cancel"])
def test_a_run_is_told_what_to_do(
    tmp_path: Path, order: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run.create(tmp_path, "segmentation", FitSettings())
    events = run.record([COMPLETED])
    assert main(["runs", order, str(tmp_path)]) == 0
    assert f"{run.id} was told to" in capsys.readouterr().out
    assert (run.directory / ORDER).read_text() == order
    list(events)
    assert main(["runs", order, str(tmp_path)]) == 1
    assert "No process works on the run" in capsys.readouterr().err


def test_a_followed_run_says_that_it_is_paused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run.create(tmp_path, "segmentation", FitSettings())
    events = run.record(TRAINING)
    next(events)
    run.pause()
    assert main(["runs", "list", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["state"] == "paused"
    run.resume()
    list(events)
    assert main(["runs", "follow", str(tmp_path)]) == 0
    shown = capsys.readouterr().err
    assert shown.index(": paused") < shown.index(": goes on") < shown.index(": completed")
