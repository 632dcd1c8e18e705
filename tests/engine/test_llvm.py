"""A window and a training survive in one process, whichever comes first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_salient.engine import llvm
from napari_salient.engine.llvm import guard_before_torch, guard_before_window, llvm_state

CHILD = Path(__file__).with_name("window_child.py")
WINDOW_LLVM = "7f00-7f01 r-xp 0 0 0 /usr/lib/x86_64-linux-gnu/libLLVM.so.19.1\n"
TRITON_LLVM = "7f02-7f03 r-xp 0 0 0 /site-packages/triton/_C/libtriton.so\n"


@pytest.mark.window
@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="needs an X display")
@pytest.mark.parametrize("order", ["window-last", "window-first"])
def test_window_and_training_survive_in_a_fresh_process(order):
    command = [sys.executable, "-W", "ignore", str(CHILD), order]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "training completed"


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    """Return a function that sets which libraries seem to be loaded; triton seems not to be."""
    maps = tmp_path / "maps"
    monkeypatch.setattr(llvm, "MAPS", maps)
    monkeypatch.setitem(sys.modules, "triton", None)
    del sys.modules["triton"]
    return maps.write_text


@pytest.fixture
def opened(monkeypatch):
    """The libraries that were loaded with ctypes."""
    libraries: list[str] = []
    monkeypatch.setattr(llvm, "find_spec", lambda name: None)
    monkeypatch.setattr(llvm.ctypes, "CDLL", libraries.append)
    return libraries


@pytest.fixture
def triton(tmp_path, monkeypatch, opened):
    """The path of an installed triton's library."""
    library = tmp_path / "triton" / "_C" / "libtriton.so"
    library.parent.mkdir(parents=True)
    library.touch()
    spec = type("Spec", (), {"origin": str(tmp_path / "triton" / "__init__.py")})
    monkeypatch.setattr(llvm, "find_spec", lambda name: spec)
    return str(library)


def test_after_the_window_triton_is_kept_out(mapped):
    mapped(WINDOW_LLVM)
    guard_before_torch()
    with pytest.raises(ImportError):
        import triton  # noqa: F401
    assert llvm_state().startswith("guarded: the window came first")


@pytest.mark.parametrize("loaded", ["", TRITON_LLVM, WINDOW_LLVM + TRITON_LLVM])
def test_triton_is_let_in_where_it_does_no_harm(mapped, loaded):
    mapped(loaded)
    guard_before_torch()
    assert "triton" not in sys.modules


def test_before_the_window_tritons_library_is_loaded_once(mapped, opened, triton):
    mapped("")
    assert llvm_state().startswith("no window yet")
    guard_before_window()
    assert opened == [triton]
    mapped(TRITON_LLVM)
    guard_before_window()
    assert opened == [triton]
    assert llvm_state().startswith("guarded: triton's library was loaded first")


def test_a_window_that_came_first_keeps_tritons_library_out(mapped, opened, triton):
    mapped(WINDOW_LLVM)
    guard_before_window()
    assert opened == []
    assert "will be kept out" in llvm_state()


def test_without_triton_there_is_nothing_to_guard(mapped, opened):
    mapped("")
    guard_before_window()
    assert opened == []
    assert llvm_state() == "not a concern: triton is not installed"


def test_other_systems_are_left_alone(mapped, opened):
    guard_before_window()
    guard_before_torch()
    assert opened == []
    assert "triton" not in sys.modules
    assert llvm_state() == "not a concern on this system"
