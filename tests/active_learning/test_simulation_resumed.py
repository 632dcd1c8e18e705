"""Every strategy goes on after an interruption to what it would have come to without one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from nibabel import Nifti1Image, save

from napari_salient.active_learning.settings import SegmentationSettings, SimulationSettings
from napari_salient.active_learning.simulation import job, simulate, workers
from napari_salient.active_learning.strategies import STRATEGIES
from napari_salient.engine.control import Control
from napari_salient.engine.events import Evaluated, Finished, FinishReason
from napari_salient.engine.settings import FitSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.active_learning.simulation.cohort import Cohort

SETTINGS = SimulationSettings(
    strategies=",".join(STRATEGIES),
    initial=4,
    batch=3,
    rounds=2,
    seeds=1,
    test_every=3,
    segmentation=SegmentationSettings(
        width=4, context=0, batch_size=2, augment=False, fit=FitSettings(steps=2, save_every=1)
    ),
)
INTERRUPTIONS = (len(STRATEGIES) + 5, 8)
"""Rounds after which the experiment is interrupted: within the second one, and again in it."""


@contextmanager
def in_this_process(cohort: Cohort, _processes: int) -> Iterator[ThreadPoolExecutor]:
    """Work the rounds in a thread: starting a process takes longer than many of them."""
    pool = ThreadPoolExecutor(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "_cohort", cohort)
        yield pool
        pool.shutdown(cancel_futures=True)


def write_tubes(folder: Path) -> tuple[Path, Path]:
    """Write three volumes of a noisy tube and their labels; one is for testing."""
    yy, xx = np.mgrid[:16, :16]
    tube = np.repeat(((yy - 7) ** 2 + (xx - 7) ** 2 < 16)[..., None], 10, 2).astype(np.uint8)
    for name in ("images", "labels"):
        (folder / name).mkdir()
    for number in range(3):
        noisy = tube + np.random.default_rng(number).normal(0, 0.3, tube.shape)
        for name, voxels in (("images", noisy.astype(np.float32)), ("labels", tube)):
            save(Nifti1Image(voxels, np.eye(4)), folder / name / f"case-{number}.nii")
    return folder / "images", folder / "labels"


def worked(folders: tuple[Path, Path], output: Path, stop_after: int = 0) -> Finished:
    """Run the experiment, up to so many rounds if a number is given."""
    control, done = Control(), 0
    for event in simulate(*folders, SETTINGS, output, control):
        done += isinstance(event, Evaluated)
        if 0 < stop_after <= done:
            control.cancel()
    assert isinstance(event, Finished)
    return event


def rounds_of(finished: Finished) -> dict[str, list[dict[str, Any]]]:
    """Return what the rounds of each strategy came to, but for the time they took."""
    assert finished.reason is FinishReason.COMPLETED, finished.message
    rounds: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(finished.result["records"], key=lambda row: row["round"]):
        timeless = {name: value for name, value in row.items() if not name.endswith("seconds")}
        rounds.setdefault(row["strategy"], []).append(timeless)
    return rounds


@pytest.fixture(scope="module")
def whole_and_resumed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """Return the rounds of an experiment without interruptions, and of one with two of them."""
    folder = tmp_path_factory.mktemp("simulations")
    folders, parts = write_tubes(folder), folder / "parts.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "worker_pool", in_this_process)
        whole = worked(folders, folder / "whole.json")
        for rounds in INTERRUPTIONS:
            assert worked(folders, parts, rounds).reason is FinishReason.CANCELLED
        return rounds_of(whole), rounds_of(worked(folders, parts))


@pytest.mark.parametrize("name", STRATEGIES)
def test_an_interrupted_simulation_goes_on_to_the_same_slices_and_dice(
    whole_and_resumed: tuple[Any, Any], name: str
) -> None:
    whole, resumed = (rounds[name] for rounds in whole_and_resumed)
    assert resumed == whole
    assert [row["labelled_slices"] for row in resumed] == [4, 7, 10]
