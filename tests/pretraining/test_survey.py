"""What a pool is found to hold, and what a task makes of it, before anything is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason
from napari_salient.engine.jobs import result_of
from napari_salient.pretraining.settings import PoolTraining
from napari_salient.pretraining.survey import (
    Surveyed,
    counted,
    edges_text,
    estimate_job,
    sizes_text,
    survey_job,
)
from napari_salient.pretraining.tasks import proxy_task

from .toys import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHAPE = (24, 26, 28)


@pytest.fixture
def pool(tmp_path: Path, write_volume: Callable[..., Path]) -> Path:
    """Write two volumes each of three patients, of different spacing."""
    rng = np.random.default_rng(0)
    for patient in (1, 2, 3):
        for session in (1, 2):
            affine = np.diag([1.0, 1.0, float(patient), 1.0])
            name = f"pool/sub-{patient:02}_ses-{session}.nii.gz"
            write_volume(name, rng.random(SHAPE, np.float32), affine)
    return tmp_path / "pool"


def training(pool: Path, **changes: object) -> PoolTraining:
    values = vars(settings_of("rotation", 3)) | {"pool": pool, "held_out_every": 3} | changes
    return PoolTraining(**values)


def events(pool: Path, **changes: object) -> list:
    return list(survey_job(training(pool, **changes), Control()))


def test_a_pool_is_described_before_the_task_is_tried(pool: Path) -> None:
    *_, surveyed, finished = events(pool)
    assert isinstance(surveyed, Surveyed)
    said = "6 volumes of 3 patients, 1 channel, 1–3 × 1 × 1 mm; 2 held out."
    assert str(surveyed.summary) == said
    assert len(surveyed.files.learn) == 4
    assert "24 × 24" in finished.result.sizes
    assert "only" in finished.result.notes[0]


def test_a_task_that_cannot_work_ends_as_the_training_would(pool: Path) -> None:
    finished = events(pool, task="jigsaw", crop=12)[-1]
    assert finished.reason is FinishReason.ERRORED
    assert "jigsaw takes at least" in finished.message


def test_no_volumes_are_one_sentence(tmp_path: Path) -> None:
    (finished,) = events(tmp_path)
    assert isinstance(finished, Finished)
    assert "holds no .nii" in finished.message


def test_a_survey_can_be_cancelled(pool: Path) -> None:
    control = Control()
    control.cancel()
    (finished,) = survey_job(training(pool), control)
    assert finished.reason is FinishReason.CANCELLED


def test_that_nothing_can_be_measured_is_said(pool: Path) -> None:
    plan = result_of(survey_job(training(pool, task="exemplar", held_out_every=99), Control()))
    assert not any("Too few" in note for note in plan.notes)
    for path in sorted(pool.iterdir())[:4]:
        path.unlink()
    plan = result_of(survey_job(training(pool), Control()))
    assert any("Too few volumes are held out" in note for note in plan.notes)


def test_an_estimate_is_of_time_and_memory_and_can_be_cancelled(pool: Path) -> None:
    control = Control()
    estimate = result_of(estimate_job(training(pool), control))
    assert estimate.seconds > 0
    assert estimate.memory.needed > 0
    control.cancel()
    *_, finished = estimate_job(training(pool), control)
    assert finished.reason is FinishReason.CANCELLED


@pytest.mark.parametrize(
    ("task", "dims", "said"),
    [
        ("rotation", 3, "24 × 24 × 24 voxels;"),
        ("rotation", 2, "24 × 24 voxels on 3 axial slices;"),
        ("jigsaw", 3, "24 × 24 × 24 voxels, in 3 × 3 × 3 pieces of 6 × 6 × 6;"),
    ],
)
def test_the_sizes_are_explained(geometry: Callable, task: str, dims: int, said: str) -> None:
    made = geometry(dims, (24, 24, 24), context=1)
    assert said in sizes_text(proxy_task(settings_of(task, dims), made))


def test_counts_and_edges_read_as_people_write_them() -> None:
    assert counted(1, "patients") == "1 patient"
    assert counted(12_345, "volumes") == "12,345 volumes"
    assert edges_text((1, 0.5, 0.5), (3, 0.5, 0.75)) == "1–3 × 0.5 × 0.5–0.75 mm"
