from __future__ import annotations

import napari
import pytest

from napari_salient.widgets import launch


class Panel:
    """Remembers what it was told to open."""

    def __init__(self):
        self.asked = []

    def open_project(self, folder):
        self.asked.append(("project", folder))

    def suggest(self, paths):
        self.asked.append(("volumes", paths))


@pytest.fixture
def panel(monkeypatch):
    panel = Panel()
    monkeypatch.setattr(launch, "docked_panel", lambda: (None, panel))
    monkeypatch.setattr(napari, "run", lambda: None)
    return panel


def test_a_project_folder_opens_in_the_panel(panel, tmp_path):
    (tmp_path / "project.toml").touch()
    assert launch.open_viewer([tmp_path]) == 0
    assert panel.asked == [("project", tmp_path)]


def test_volumes_and_folders_of_them_are_filled_into_the_set_up(panel, tmp_path):
    assert launch.open_viewer([tmp_path]) == 0
    assert panel.asked == [("volumes", [tmp_path])]


def test_nothing_opens_an_empty_window(panel):
    assert launch.open_viewer([]) == 0
    assert panel.asked == []
