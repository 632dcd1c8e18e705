"""The folder of runs: which pretraining goes on, which can be resumed, and is there room."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.engine.run import RunState, list_runs
from napari_salient.errors import InputError
from napari_salient.pretraining.settings import KIND

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class FoundRuns:
    """Folders of runs, the newest of each kind; `None` where there is none.

    Parameters
    ----------
    running
        Some process works on it.
    interrupted
        It was cancelled or cut off, and nothing newer was completed.
    """

    running: Path | None = None
    interrupted: Path | None = None


def find_runs(runs_dir: Path) -> FoundRuns:
    """Look at the runs in a folder; there may be no such folder."""
    runs = [run for run in list_runs(runs_dir) if run.kind == KIND]
    running = next((run for run in runs if run.state in (RunState.RUNNING, RunState.PAUSED)), None)
    newest = next((run for run in runs if run.state is not RunState.IDLE), None)
    interrupted = newest is not None and (newest.state is RunState.FAILED or newest.was_cancelled)
    return FoundRuns(
        running=running.directory if running else None,
        interrupted=newest.directory if newest and interrupted else None,
    )


def runs_beside(pool: Path) -> Path:
    """Return the folder of runs that belongs to a folder of volumes, and lies beside it."""
    named = pool if pool.name else pool.absolute()
    return named.parent / f"{named.name}-runs"


def require_writable(folder: Path) -> Path:
    """Return a folder that can be written, or made.

    Raises
    ------
    InputError
        If it cannot; it says which folder stands in the way.
    """
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise InputError(f"{there} cannot be written; choose another folder for the run.")
    return folder
