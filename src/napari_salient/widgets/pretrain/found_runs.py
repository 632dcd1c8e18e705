"""Which pretraining of a folder of runs still goes on, and which can be gone on with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.engine.run import RunState, list_runs
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
