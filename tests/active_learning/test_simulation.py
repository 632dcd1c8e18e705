"""The simulated annotator: paired, resumable, blind to the test volumes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import psutil
import pytest

from napari_salient.active_learning.settings import SegmentationSettings, SimulationSettings
from napari_salient.active_learning.simulation import simulate
from napari_salient.active_learning.simulation.atlas import atlas_dice
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.engine.control import Control
from napari_salient.engine.events import Evaluated, Finished, FinishReason
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError

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


def finished(cohort: tuple[Path, Path], output: Path, control: Control | None = None) -> Finished:
    *_, last = simulate(*cohort, SETTINGS, output, control or Control())
    assert isinstance(last, Finished)
    return last


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
    control = Control()
    for event in simulate(*cohort, SETTINGS, parts, control):
        if isinstance(event, Evaluated):
            control.cancel()
    assert isinstance(event, Finished)
    assert event.reason is FinishReason.CANCELLED
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


def test_rounds_of_another_experiment_are_not_mixed_in(
    cohort: tuple[Path, Path], tmp_path: Path
) -> None:
    output = tmp_path / "out.json"
    other = {"settings": {"initial": 99}, "volumes": []}
    output.with_name("out.json.partial.jsonl").write_text(json.dumps(other) + "\n")
    last = finished(cohort, output)
    assert last.reason is FinishReason.ERRORED
    assert "other settings or volumes" in last.message


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


@pytest.mark.parametrize("change", [{"initial": 0}, {"strategies": ""}, {"test_every": 1}])
def test_impossible_settings_are_refused_before_anything_is_written(
    cohort: tuple[Path, Path], tmp_path: Path, change: dict[str, Any]
) -> None:
    output = tmp_path / "out.json"
    *_, last = simulate(*cohort, replace(SETTINGS, **change), output, Control())
    assert isinstance(last, Finished)
    assert isinstance(last.error, InputError)
    assert list(tmp_path.glob("out*")) == []


WORKER = """
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from napari_salient.active_learning.simulation.job import _one_thread

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, get_context("spawn"), _one_thread, (None,))
    print(pool.submit(os.getpid).result(), flush=True)
    input()
"""


def test_workers_end_with_a_simulation_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "simulation.py"
    script.write_text(WORKER)
    command = [sys.executable, str(script)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as simulation:
        assert simulation.stdout is not None
        worker = psutil.Process(int(simulation.stdout.readline()))
        simulation.kill()
    assert psutil.wait_procs([worker], timeout=30)[1] == []
