"""The commands that open the window hand over what they were given."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from napari_salient.cli import main

LAUNCH = "napari_salient.widgets.launch"


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []

    def record(*given: Any) -> int:
        calls.append(given)
        return 0

    stand_in = SimpleNamespace(open_viewer=record, run_demo=record)
    monkeypatch.setitem(sys.modules, LAUNCH, stand_in)  # type: ignore[arg-type]
    monkeypatch.setenv("DISPLAY", ":99")
    return calls


def test_open_hands_over_the_paths(launched: list[Any], tmp_path: Path) -> None:
    assert main(["open", str(tmp_path)]) == 0
    assert main(["open"]) == 0
    assert launched == [([tmp_path],), ([],)]


def test_demo_hands_over_the_folder_and_where_pictures_go(launched: list[Any]) -> None:
    assert main(["demo", "here", "--screenshots", "pictures"]) == 0
    assert launched == [(Path("here"), Path("pictures"))]


def test_demo_has_a_place_of_its_own(launched: list[Any]) -> None:
    assert main(["demo"]) == 0
    ((folder, pictures),) = launched
    assert folder.is_absolute()
    assert pictures is None


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_without_a_display_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(["demo"]) == 1
    assert "There is no display" in capsys.readouterr().err
