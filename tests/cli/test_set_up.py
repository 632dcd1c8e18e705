"""The set-up names what is missing, and does its work once."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

TOOLS = Path(__file__).resolve().parents[2] / "tools"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the Makefile is for POSIX systems")


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def libraries() -> ModuleType:
    return load("system_libraries")


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(TOOLS)
    return load("set_up")


def test_a_library_that_does_not_load_is_named_by_its_package(
    libraries: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "PACKAGE_OF_LIBRARY", {"libnone.so.9": "libnone9"})
    monkeypatch.setattr(libraries, "PACKAGE_OF_PROGRAM", {"no-such-program": "nothing"})
    monkeypatch.setattr(libraries, "DRIVER_PATTERNS", ("no-such-driver",))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert libraries.missing_packages() == ["libnone9", "nothing", "libgl1-mesa-dri"]


def test_a_virtual_display_is_not_asked_for_beside_a_real_one(
    libraries: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "PACKAGE_OF_PROGRAM", {"no-such-program": "nothing"})
    monkeypatch.setenv("DISPLAY", ":0")
    assert "nothing" not in libraries.missing_packages()


def test_without_root_one_sentence_names_what_is_missing(
    libraries: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "missing_packages", lambda: ["libnone9"])
    monkeypatch.setattr(libraries.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(libraries.sys, "platform", "linux")
    with pytest.raises(SystemExit, match=r"missing \(Debian names\): libnone9"):
        libraries.install_missing([])


def test_checkouts_with_equal_dependencies_share_an_environment(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (TOOLS.parent / "pyproject.toml").read_text(encoding="utf-8")
    before = set_up.fingerprint()
    monkeypatch.setattr(set_up, "CHECKOUT", tmp_path)
    (tmp_path / "pyproject.toml").write_text(text.replace("line-length = 100", "line-length = 88"))
    assert set_up.fingerprint() == before
    (tmp_path / "pyproject.toml").write_text(text.replace('"rich>=13.7"', '"rich>=14"'))
    assert set_up.fingerprint() != before


def test_a_half_made_environment_is_not_ready(set_up: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    assert not set_up.is_ready(tmp_path)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_clean_removes_the_environments_and_leaves_the_rest_of_the_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "napari-salient"
    for folder in ("src", "tests", "benchmarks", "tools", "cache/napari-salient/demo"):
        (tmp_path / folder).mkdir(parents=True)
    for version in ("0123456789ab", "ba9876543210"):
        (cache / f"venv-{version}").mkdir()
        (cache / f"venv-{version}.lock").touch()
    command = ["make", "-f", TOOLS.parent / "Makefile", "clean"]
    where = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run(command, cwd=tmp_path, env=where, check=True, capture_output=True)
    assert [path.name for path in cache.iterdir()] == ["demo"]


def test_an_environment_that_was_chosen_is_used_as_it_stands(
    set_up: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    monkeypatch.setenv("VENV", str(tmp_path))
    monkeypatch.setattr(set_up, "install_missing", lambda packages: None)
    set_up.main()
    assert capsys.readouterr().out == f"{tmp_path}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin"]
