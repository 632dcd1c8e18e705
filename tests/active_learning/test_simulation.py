"""The simulated annotator: paired, resumable, blind to the test volumes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import psutil
import pytest
import torch

from napari_salient.active_learning.settings import SegmentationSettings, SimulationSettings
from napari_salient.active_learning.simulation import simulate
from napari_salient.active_learning.simulation.atlas import atlas_dice
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.simulation.experiment import RoundJob
from napari_salient.active_learning.simulation.fitting import fit_round
from napari_salient.active_learning.simulation.records import Record, identity_of, same_experiment
from napari_salient.active_learning.simulation.result import check_output
from napari_salient.active_learning.simulation.weights import WeightsFolder
from napari_salient.engine.checkpoint import load_model_weights, save_checkpoint
from napari_salient.engine.control import Control
from napari_salient.engine.events import Evaluated, Finished, FinishReason
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError, RunError

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = SimulationSettings(
    strategies="random,entropy",
    initial=4,
    batch=3,
    rounds=1,
    seeds=1,
    processes=1,
    segmentation=SegmentationSettings(width=4, batch_size=2, fit=FitSettings(steps=3)),
)


@pytest.fixture
def cohort(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    grid = np.mgrid[:20, :20, :12]
    folders = tmp_path / "images", tmp_path / "labels"
    for folder in folders:
        folder.mkdir()
    for number in range(6):
        centre = (
            rng.integers(7, 12, 3)[:, None, None, None] // np.array([1, 1, 2])[:, None, None, None]
        )
        label = (((grid - centre) ** 2).sum(0) < 16).astype(np.uint8)
        image = (label + 0.2 * rng.standard_normal(label.shape)).astype(np.float32)
        for folder, voxels in zip(folders, (image, label), strict=True):
            nib.save(nib.Nifti1Image(voxels, np.eye(4)), folder / f"case-{number}.nii.gz")
    return folders


def finished(
    cohort: tuple[Path, Path], output: Path, settings: SimulationSettings = SETTINGS
) -> Finished:
    *_, last = simulate(*cohort, settings, output, Control())
    assert isinstance(last, Finished)
    return last


def cancelled_after(
    rounds: int, cohort: tuple[Path, Path], output: Path, settings: SimulationSettings = SETTINGS
) -> Finished:
    control, done = Control(), 0
    for event in simulate(*cohort, settings, output, control):
        done += isinstance(event, Evaluated)
        if done == rounds:
            control.cancel()
    assert isinstance(event, Finished)
    assert event.reason is FinishReason.CANCELLED
    return event


def fitted(cohort: tuple[Path, Path], fit: FitSettings, **files: Any) -> torch.Tensor:
    """Return the weights of a round on four labelled slices."""
    read = Cohort.read(*cohort, "axial", 5)
    settings = replace(SETTINGS.segmentation, fit=fit)
    labelled = [(case, 5) for case in read.pool]
    model, _ = fit_round(read, RoundJob(0, 1, ("random",), labelled, 3, False, settings, **files))
    return torch.nn.utils.parameters_to_vector(model.parameters())


def without_times(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if not name.endswith("seconds")}
        for row in result["records"]
    ]


@pytest.mark.slow
def test_an_interrupted_experiment_goes_on_to_the_same_result(
    cohort: tuple[Path, Path], tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole.json", tmp_path / "parts.json"
    assert finished(cohort, whole).reason is FinishReason.COMPLETED
    cancelled_after(1, cohort, parts)
    assert not parts.exists()
    assert finished(cohort, parts).reason is FinishReason.COMPLETED
    results = [json.loads(path.read_text()) for path in (whole, parts)]
    assert without_times(results[0]) == without_times(results[1])
    assert results[0]["summary"]["atlas_dice"] == results[1]["summary"]["atlas_dice"]
    assert whole.with_suffix(".png").stat().st_size > 10_000
    first = [row for row in results[0]["records"] if row["round"] == 0]
    assert first[0]["dice"] == first[1]["dice"]
    assert first[0]["stability"] is None
    later = [row["stability"] for row in results[0]["records"] if row["round"] == 1]
    assert all(0 <= stability <= 1 for stability in later)
    assert "probe" not in first[0]
    assert list(tmp_path.glob("*.partial.jsonl")) == []


@pytest.mark.slow
def test_an_interrupted_warm_start_goes_on_to_the_same_result(
    cohort: tuple[Path, Path], tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole.json", tmp_path / "parts.json"
    warm = replace(SETTINGS, strategies="random", rounds=2, warm_start=True, audit=0.5)
    assert finished(cohort, whole, warm).reason is FinishReason.COMPLETED
    cancelled_after(2, cohort, parts, warm)
    weights = {path.name for path in (tmp_path / "parts.json.partial.weights").iterdir()}
    assert "random-seed-0-round-1.safetensors" in weights
    assert finished(cohort, parts, warm).reason is FinishReason.COMPLETED
    rows, again = (without_times(json.loads(path.read_text())) for path in (whole, parts))
    assert rows == again
    asked = rows[0]["next_audit"]["slices"], rows[0]["next_chosen"]["slices"]
    assert sum(asked) == warm.batch
    assert asked[0] in (1, 2)
    assert list(tmp_path.glob("*.partial.*")) == []


def test_a_warm_start_whose_weights_are_gone_says_how_to_start_again(tmp_path: Path) -> None:
    output = tmp_path / "out.json"
    record = Record("random", 0, 1, 4, 4, {}, 0.5, 0.5, [], 1.0, 1.0, [], [])
    with pytest.raises(RunError, match=r"is gone; delete .*out\.json\.partial\.jsonl to start"):
        WeightsFolder(output).of(record)


def test_a_warm_start_begins_with_the_weights_that_were_kept(
    cohort: tuple[Path, Path], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.safetensors"
    first = fitted(cohort, FitSettings(steps=60), keep=(kept,))
    hardly = FitSettings(steps=1, learning_rate=1e-9)
    warm, cold = fitted(cohort, hardly, start=kept), fitted(cohort, hardly)
    assert torch.allclose(warm, first, atol=1e-5)
    assert not torch.allclose(cold, first, atol=1e-2)


def test_a_warm_start_that_loses_a_class_is_trained_again_from_scratch(
    cohort: tuple[Path, Path], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.safetensors"
    hardly = FitSettings(steps=1, learning_rate=1e-9)
    fitted(cohort, replace(hardly, seed=1), keep=(kept,))
    weights = load_model_weights(kept)
    weights["net.final_conv.bias"][0] = 1e6
    save_checkpoint(kept, weights, {}, {"step": 1})
    again = fitted(cohort, FitSettings(steps=60), start=kept)
    assert again.abs().max() < 1e3


def test_rounds_written_before_a_setting_was_added_go_on(tmp_path: Path) -> None:
    identity = identity_of(SETTINGS, ["case-1.nii.gz"])
    older = json.loads(json.dumps(identity))
    del older["settings"]["warm_start"]
    assert same_experiment(older, identity)
    warm = identity_of(replace(SETTINGS, warm_start=True), ["case-1.nii.gz"])
    assert not same_experiment(older, warm)
    assert same_experiment(identity_of(replace(SETTINGS, processes=7), ["case-1.nii.gz"]), identity)
    assert not same_experiment(identity_of(SETTINGS, ["case-2.nii.gz"]), identity)


@pytest.mark.parametrize("content", ["my notes", '{"settings": {"initial": 99}}', "[1, 2]"])
def test_a_file_that_holds_something_else_is_not_written_over(
    cohort: tuple[Path, Path], tmp_path: Path, content: str
) -> None:
    output = tmp_path / "out.json"
    output.write_text(content)
    last = finished(cohort, output)
    assert last.reason is FinishReason.ERRORED
    assert "choose another name" in last.message
    assert output.read_text() == content
    assert list(tmp_path.glob("out*")) == [output]


def test_the_result_of_other_settings_is_not_written_over(tmp_path: Path) -> None:
    output = tmp_path / "out.json"
    identity = identity_of(SETTINGS, ["case-1.nii.gz"])
    result = {"settings": identity["settings"], "data": {"volumes": identity["volumes"]}}
    output.write_text(json.dumps(result))
    check_output(output, identity)
    with pytest.raises(InputError, match="choose another name"):
        check_output(output, identity_of(replace(SETTINGS, batch=5), ["case-1.nii.gz"]))


def test_an_output_that_its_own_picture_would_replace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.json"):
        check_output(tmp_path / "out.png", identity_of(SETTINGS, ["case-1.nii.gz"]))


def test_a_picture_of_something_else_is_not_drawn_over(tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"out\.png is there already"):
        check_output(tmp_path / "out.json", identity_of(SETTINGS, ["case-1.nii.gz"]))


def test_rounds_of_another_experiment_are_not_mixed_in(
    cohort: tuple[Path, Path], tmp_path: Path
) -> None:
    output = tmp_path / "out.json"
    other = {"settings": {"initial": 99}, "volumes": []}
    output.with_name("out.json.partial.jsonl").write_text(json.dumps(other) + "\n")
    last = finished(cohort, output)
    assert last.reason is FinishReason.ERRORED
    assert "other settings or volumes" in last.message


def test_other_labels_of_the_same_names_are_another_experiment(
    cohort: tuple[Path, Path], tmp_path: Path
) -> None:
    read = Cohort.read(*cohort, "axial", 5)
    before = identity_of(SETTINGS, read.names, labels=read.fingerprint())
    assert same_experiment({**before, "labels": None}, before)
    path = cohort[1] / "case-3.nii.gz"
    nib.save(nib.Nifti1Image(1 - np.asarray(nib.load(path).dataobj), np.eye(4)), path)
    after = identity_of(SETTINGS, read.names, labels=read.fingerprint())
    assert not same_experiment(before, after)


def test_test_patients_are_not_in_the_pool(cohort: tuple[Path, Path]) -> None:
    read = Cohort.read(*cohort, "axial", 5)
    assert set(read.test).isdisjoint(read.pool)
    assert [read.images[case].name for case in read.test] == ["case-0.nii.gz", "case-5.nii.gz"]
    state = read.pool_state([(1, 3)], None)
    assert set(state.case_id.tolist()) == set(read.pool)
    assert state.labelled.sum() == 1


def test_the_atlas_knows_where_the_organ_usually_lies(cohort: tuple[Path, Path]) -> None:
    assert 0.4 < atlas_dice(Cohort.read(*cohort, "axial", 5)) < 1


def test_an_image_without_a_label_is_named(cohort: tuple[Path, Path]) -> None:
    (cohort[1] / "case-3.nii.gz").unlink()
    with pytest.raises(InputError, match=r"1 of 6 volumes .* case-3\.nii\.gz first"):
        Cohort.read(*cohort, "axial", 5)


def test_volumes_of_unequal_channels_are_refused_by_name(cohort: tuple[Path, Path]) -> None:
    path = cohort[0] / "case-3.nii.gz"
    voxels = np.asarray(nib.load(path).dataobj)
    nib.save(nib.Nifti1Image(np.stack([voxels, voxels], -1), np.eye(4)), path)
    with pytest.raises(InputError, match=r"case-3\S+ has 2 channels but case-0\S+ has 1"):
        Cohort.read(*cohort, "axial", 5)


def test_labels_without_a_class_are_refused(cohort: tuple[Path, Path]) -> None:
    for path in cohort[1].iterdir():
        blank = np.zeros(nib.load(path).shape, np.uint8)
        nib.save(nib.Nifti1Image(blank, np.eye(4)), path)
    with pytest.raises(InputError, match="nothing to learn"):
        Cohort.read(*cohort, "axial", 5)


def test_a_strategy_named_twice_runs_once() -> None:
    settings = replace(SETTINGS, strategies="random, entropy,random")
    assert settings.strategy_names() == ["random", "entropy"]


@pytest.mark.parametrize("change", [{"strategies": ""}, {"validation_every": 1}])
def test_impossible_settings_are_refused_before_anything_is_written(
    cohort: tuple[Path, Path], tmp_path: Path, change: dict[str, Any]
) -> None:
    output = tmp_path / "out.json"
    *_, last = simulate(*cohort, replace(SETTINGS, **change), output, Control())
    assert isinstance(last, Finished)
    assert isinstance(last.error, InputError)
    assert list(tmp_path.glob("out*")) == []


WORKER = """
import os, signal, tempfile, time
from napari_salient.active_learning.simulation.workers import worker_pool

def litter():
    folder = tempfile.mkdtemp()
    open(os.path.join(folder, "checkpoint"), "w").close()
    return os.getpid()

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    with worker_pool(None, 1) as pool:
        print(pool.submit(litter).result(), flush=True)
        pool.submit(time.sleep, 600)
        input()
"""


@pytest.mark.parametrize("end", ["enter", "interrupt", "kill"])
def test_workers_and_their_files_go_however_a_simulation_ends(tmp_path: Path, end: str) -> None:
    script, temporary = tmp_path / "simulation.py", tmp_path / "temporary"
    script.write_text(WORKER)
    temporary.mkdir()
    command, environment = [sys.executable, str(script)], {**os.environ, "TMPDIR": str(temporary)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **pipes, text=True, env=environment) as simulation:
        assert simulation.stdout is not None
        assert simulation.stdin is not None
        worker = psutil.Process(int(simulation.stdout.readline()))
        assert list(temporary.rglob("checkpoint"))
        if end == "enter":
            simulation.stdin.write("\n")
            simulation.stdin.flush()
        else:
            simulation.send_signal(signal.SIGINT if end == "interrupt" else signal.SIGKILL)
        simulation.wait(timeout=30)
    assert psutil.wait_procs([worker], timeout=30)[1] == []
    assert list(temporary.iterdir()) == []
