"""The doctor says what is wrong and never falls ill itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from napari_salient.cli import checks, doctor, main, probes
from napari_salient.cli.checks import Row, examine

if TYPE_CHECKING:
    from collections.abc import Iterator


def broken() -> Iterator[Row]:
    yield Row("first", "ok", "fine")
    raise OSError("no such device")


def test_a_check_that_breaks_becomes_a_row() -> None:
    rows = list(examine([("disk", broken)]))
    assert [(row.check, row.status) for row in rows] == [("first", "ok"), ("disk", "fail")]
    assert "no such device" in rows[1].found


def test_what_is_wrong_comes_with_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [Row("disk", "fail", "full", "Free some space."), Row("python", "ok", "3.12")]
    monkeypatch.setattr(doctor, "CHECKS", (("rows", lambda: rows),))
    assert main(["doctor"]) == 1
    assert "disk: Free some space." in capsys.readouterr().out


def test_a_warning_alone_is_healthy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [Row("window", "warn", "no display", "Log in to a desktop.")]
    monkeypatch.setattr(doctor, "CHECKS", (("rows", lambda: rows),))
    assert main(["doctor", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["healthy"]
    assert shown["rows"][0]["mend"] == "Log in to a desktop."


def test_a_missing_distribution_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "NEEDED", ("no-such-distribution",))
    assert list(checks.versions())[-1].mend == "pip install no-such-distribution"


def test_a_process_that_dies_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "DEVICES", "import os; os.abort()")
    (row,) = probes.devices()
    assert row.status == "fail"
    assert "ended with code -6" in row.found


def test_no_display_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(probes.sys, "platform", "linux")
    (row,) = probes.window()
    assert row.status == "warn"


def test_a_binding_that_is_asked_for_but_not_there_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QT_API", "pyqt4")
    (row,) = probes.window()
    assert (row.status, row.found) == ("fail", "QT_API=pyqt4")
    assert "Unset QT_API" in row.mend


@pytest.mark.window
def test_a_window_opens() -> None:
    (row,) = probes.window()
    assert (row.status, row.check) == ("ok", "window"), row


def test_the_readers_and_the_disk_work() -> None:
    rows = [*checks.readers(), *checks.writing(), *checks.memory()]
    assert {row.status for row in rows} <= {"ok", "warn"}
