"""Trainings in a process of their own, which go on when the one that started them ends."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from napari_salient.engine.run import Run
from napari_salient.engine.threads import BEHIND_WINDOW

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_OF_WINDOWS = ("QT_", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY")
"""How the names of variables begin that are about the starter's window."""


def training_command(run_dir: Path, devices: int = 1) -> list[str]:
    """Return the command that trains a run, from its start or its newest checkpoint.

    Parameters
    ----------
    run_dir
        The folder of a run as ``train NOUN`` makes it, perhaps by `Run.create` a moment ago.
    devices
        With several, torchrun starts a process for each on this machine.
    """
    words = ["train", Run.open(run_dir).kind, "--resume", str(run_dir.absolute())]
    program = ["-m", "napari_salient", *words]
    if devices == 1:
        return [sys.executable, *program]
    several = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(devices)]
    return [sys.executable, *several, *program]


def start_child(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one, behind its window in priority.

    It has no terminal and no input, and knows nothing of this process's window. Modules in the
    current folder are not found by it, so that a file ``random.py`` there does no harm.

    Parameters
    ----------
    command
        As `training_command` returns it.
    log
        Where its output is added.
    """
    with log.open("ab") as stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
            creationflags=_flags(),
        )
    if sys.platform != "win32":
        os.setpriority(os.PRIO_PROCESS, process.pid, BEHIND_WINDOW)
    return process


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_WINDOWS)}
    return kept | {"PYTHONSAFEPATH": "1"}


def _flags() -> int:
    if sys.platform == "win32":
        return (
            subprocess.CREATE_NO_WINDOW
            | subprocess.CREATE_NEW_PROCESS_GROUP
            | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        )
    return 0
