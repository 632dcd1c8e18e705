"""The checks that could end a process, each in one of its own: opening a window, loading torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from napari_salient.cli.checks import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW = """
import json, qtpy
from qtpy.QtWidgets import QApplication, QWidget
application = QApplication([])
widget = QWidget()
widget.show()
application.processEvents()
platform = application.platformName()
print(json.dumps({"binding": qtpy.API_NAME, "version": qtpy.QT_VERSION, "platform": platform}))
"""

DEVICES = """
import json, torch
cuda = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
print(json.dumps({"cuda": cuda, "mps": torch.backends.mps.is_available()}))
"""

BINDINGS = ("PyQt6", "PySide6", "PyQt5")
TIMEOUT_S = 90
LINUX_LIBRARIES = (
    "On Debian and Ubuntu: apt-get install libgl1 libegl1 libxkbcommon-x11-0 libxcb-cursor0 "
    "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 "
    "libxcb-xinerama0 libdbus-1-3."
)


class ProbeError(Exception):
    """A probe's process died or printed nothing of use."""


def window() -> Iterator[Row]:
    """Yield the Qt binding and whether a window opens on this display."""
    installed = [name for name in BINDINGS if _has_module(name)]
    if not _has_module("qtpy") or not installed:
        mend = "pip install 'napari-salient[pyqt6]'; everything but open and demo works without."
        yield Row("window", "warn", "no Qt binding", mend)
        return
    asked = os.environ.get("QT_API", "")
    chosen = [name for name in installed if asked.lower() in ("", name.lower())]
    if not chosen:
        mend = f"Unset QT_API, or set it to what is installed: {', '.join(installed).lower()}."
        yield Row("window", "fail", f"QT_API={asked}", mend)
        return
    if not has_display():
        mend = "Log in to a desktop, or put xvfb-run -a before the command."
        yield Row("window", "warn", f"{chosen[0]}, no display", mend)
        return
    try:
        found = _probe(WINDOW)
    except ProbeError as error:
        yield Row("window", "fail", f"{chosen[0]}: {error}", _window_mend())
    else:
        text = f"{found['binding']} {found['version']} opens a window on {found['platform']}"
        yield Row("window", "ok", text)


def devices() -> Iterator[Row]:
    """Yield what torch can compute on."""
    try:
        found = _probe(DEVICES)
    except ProbeError as error:
        yield Row("devices", "fail", str(error), "Reinstall torch.")
        return
    names = [*found["cuda"], *(["Apple GPU (mps)"] if found["mps"] else []), "cpu"]
    yield Row("devices", "ok", ", ".join(names))


def has_display() -> bool:
    """Return whether a window could appear somewhere, as far as the environment says."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _has_module(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


def _window_mend() -> str:
    return LINUX_LIBRARIES if sys.platform == "linux" else "Reinstall the Qt binding."


def _probe(code: str) -> dict[str, Any]:
    """Run `code` in a fresh interpreter and return the JSON object on its last line."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"no answer within {TIMEOUT_S} seconds") from error
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ProbeError(f"ended with code {done.returncode}: {last[0]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
