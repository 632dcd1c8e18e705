from __future__ import annotations

from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason
from napari_salient.widgets.demo.project import sample_project_job


def test_a_project_that_is_there_is_used_as_it_is(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "project.toml").touch()
    (finished,) = sample_project_job(tmp_path, Control())
    assert finished.result == tmp_path / "project"


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    *_, finished = sample_project_job(tmp_path / "file" / "demo", Control())
    assert finished.reason is FinishReason.ERRORED
    assert "cannot be written (Not a directory); choose another folder." in finished.message
