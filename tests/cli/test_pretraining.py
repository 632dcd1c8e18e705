"""Pretraining on the command line: as a run like the others, and what it refuses."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import yaml

from napari_salient.cli import main
from napari_salient.pretraining.presets import published

TRAIN = ("train", "pretraining")
TINY = (
    *("--task", "rotation", "--width", "4", "--context", "0", "--batch_size", "2"),
    *("--held_out_batches", "1", "--fit.steps", "2", "--fit.threads", "1"),
)


Results = Callable[..., dict]


def test_a_pretraining_is_a_run_like_the_others(volumes: Path, json_of: Results) -> None:
    result = json_of(*TRAIN, "images", *TINY, "--dims", "3")
    assert {"accuracy", "chance", "feature_sd"} <= set(result)
    assert Path(result["run"]).parent == Path("runs")
    shown = json_of("runs", "show", result["run"])
    assert [step for step, _ in shown["loss"]] == [1, 2]
    settings = f"{result['run']}/settings.yaml"
    again = json_of(*TRAIN, "images", "--config", settings)
    assert {**again, "run": ""} == {**result, "run": ""}


def test_the_budget_may_be_minutes(volumes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TRAIN, "images", *TINY, "--minutes", "0.0001"]) == 0
    said = capsys.readouterr().err
    assert "a step takes" in said
    assert "are 1 steps" in said
    with pytest.raises(SystemExit, match="2"):
        main([*TRAIN, "images", *TINY, "--minutes", "0"])
    assert "'minutes' must be above 0" in capsys.readouterr().err


def test_published_settings_fill_what_was_not_given(volumes: Path, json_of: Results) -> None:
    small = ("--width", "4", "--fit.steps", "2", "--held_out_batches", "1", "--batch_size", "2")
    result = json_of(*TRAIN, "images", "--published", "--task", "exemplar", "--dims", "3", *small)
    kept = yaml.safe_load(Path(result["run"], "settings.yaml").read_text())
    wanted = published("exemplar", 3, examples=3)
    assert kept["exemplar"] == vars(wanted.exemplar)
    assert (kept["crop"], kept["fit"]["learning_rate"]) == (128, 1e-4)
    assert (kept["width"], kept["fit"]["steps"], kept["batch_size"]) == (4, 2, 2)


def test_masked_reconstruction_has_no_published_settings(
    volumes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TRAIN, "images", "--published", "--task", "masked"]) == 1
    assert "no published settings for masked; use the defaults" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_a_project_keeps_its_own_runs(volumes: Path, json_of: Results) -> None:
    assert main(["project", "create", "images", "project", "--labels", "organ"]) == 0
    result = json_of(*TRAIN, "project", *TINY)
    assert Path(result["run"]).parent == Path("project/runs").absolute()


@pytest.mark.slow
def test_an_interrupted_pretraining_goes_on_where_it_was(volumes: Path, json_of: Results) -> None:
    long = (*TINY, "--fit.steps", "400")
    command = [sys.executable, "-m", "napari_salient", *TRAIN, "images", *long]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    while "of 400 steps" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    (run,) = Path("runs").iterdir()
    resumed = json_of(*TRAIN, "--resume", str(run))
    assert resumed["run"] == str(run)
    shown = json_of("runs", "show", str(run))
    assert [step for step, _ in shown["loss"]] == list(range(1, 401))


def test_pools_that_cannot_be_used_are_one_sentence_and_leave_no_run(
    volumes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    assert main([*TRAIN, "empty", *TINY]) == 1
    assert "holds no .nii or .nii.gz files" in capsys.readouterr().err
    assert not Path("runs").exists()
    two = nibabel.Nifti1Image(np.zeros((20, 20, 20, 2), np.float32), np.eye(4))
    nibabel.save(two, volumes / "images" / "case-3.nii.gz")
    assert main([*TRAIN, "images", *TINY]) == 1
    assert "channels" in capsys.readouterr().err.splitlines()[-1]


def test_options_that_do_not_go_together_are_wrong_usage(volumes: Path) -> None:
    assert main([*TRAIN, *TINY]) == 2
    assert main([*TRAIN, "images", "--resume", "runs/one"]) == 2
    assert main([*TRAIN, "--resume", "runs/one", "--minutes", "3"]) == 2
    assert main([*TRAIN, "--resume", "runs/one", "--published"]) == 2
