"""A folder of radiographs, or a project of them, becomes a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image

from napari_salient.caries.examination import Examiner
from napari_salient.caries.model import CariesModel
from napari_salient.caries.opening import open_job
from napari_salient.caries.spec import CariesSpec
from napari_salient.engine.checkpoint import checkpoint_path, save_checkpoint
from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason, Warned
from napari_salient.errors import InputError, ProjectError
from napari_salient.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path


def write_film(path: Path, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 50), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Return a folder of two films."""
    (tmp_path / "films").mkdir()
    for number in range(2):
        write_film(tmp_path / "films" / f"film-{number}.png", number)
    return tmp_path / "films"


def run(*args):
    """Return what a job yielded, and its end."""
    *events, last = open_job(*args, Control())
    assert isinstance(last, Finished)
    return events, last


def names(last: Finished) -> list[str]:
    with last.result.project:
        return [case.name for case in last.result.cases]


def test_a_folder_gets_a_project_beside_it_that_is_opened_the_next_time(films):
    assert names(run(films, None)[1]) == ["film-0", "film-1"]
    assert (films.parent / "films-project" / "project.toml").is_file()
    write_film(films / "film-2.png", 2)
    assert names(run(films, None)[1]) == ["film-0", "film-1", "film-2"]
    assert names(run(films.parent / "films-project", None)[1])[-1] == "film-2"


def test_a_file_that_is_no_radiograph_is_told_and_stops_nothing(films):
    (films / "broken.png").write_bytes(b"no picture")
    for _ in range(2):
        events, last = run(films, None)
        assert names(last) == ["film-0", "film-1"]
        (warned,) = [event for event in events if isinstance(event, Warned)]
        assert "broken.png" in warned.message


def test_a_folder_without_radiographs_leaves_nothing_behind(tmp_path):
    (tmp_path / "empty").mkdir()
    _, last = run(tmp_path / "empty", None)
    assert isinstance(last.error, InputError)
    assert not (tmp_path / "empty-project").exists()


def test_a_project_that_another_panel_has_open_is_refused_and_left_alone(films):
    names(run(films, None)[1])
    with Project.open(films.parent / "films-project"):
        _, last = run(films, None)
    assert last.reason is FinishReason.ERRORED
    assert isinstance(last.error, ProjectError)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_patches_of_a_model_that_sees_images_smaller_lie_on_the_pixels_of_the_file(tmp_path, scale):
    spec = CariesSpec("tiny", 4, 1, ("caries",), attention_width=8, scale=scale)
    torch.manual_seed(0)
    path = checkpoint_path(tmp_path, 1)
    task = {"task": {"spec": spec.to_json()}}
    save_checkpoint(path, CariesModel(spec).state_dict(), task, {"step": 1})
    examiner = Examiner(tmp_path)
    found = examiner.examine(np.random.default_rng(0).random((1, 80, 96), np.float32))
    assert found.grid.window == 4 / scale
    assert len(found.grid) == len(found.evidence.weight) == 20 * 24 * scale**2
    assert found.grid.boxes[:, 2:].max(0).tolist() == [80, 96]
    assert examiner.digest
