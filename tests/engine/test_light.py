"""What the command line and an opening panel import is light, and the engine knows no window."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

MODULES = (
    "atomic", "cases", "checkpoint", "control", "device", "event_log", "events", "fit", "hold",
    "llvm", "memory", "nest", "optimise", "plain", "resuming", "run", "schedule", "settings",
    "task", "threads",
)  # fmt: skip


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The top-level packages that are loaded once all of the engine is imported."""
    imports = "; ".join(f"import napari_salient.engine.{name}" for name in MODULES)
    code = f"import sys, json; {imports}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "heavy", ["torch", "lightning_fabric", "safetensors.torch", "napari", "qtpy", "PyQt5", "monai"]
)
def test_importing_the_engine_does_not_load(loaded, heavy):
    assert heavy not in loaded


def test_the_engine_knows_no_method(loaded):
    ours = {name.split(".")[1] for name in loaded if name.startswith("napari_salient.")}
    assert ours == {"engine", "errors"}
