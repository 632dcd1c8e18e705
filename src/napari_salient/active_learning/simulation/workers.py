"""The processes that rounds run in; they end with the one that started them."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING

from napari_salient.active_learning.simulation.experiment import RoundJob, RoundOutcome, run_round

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_salient.active_learning.simulation.cohort import Cohort

_cohort: Cohort | None = None


@contextmanager
def worker_pool(cohort: Cohort | None, processes: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool of processes that know the cohort, and end them at once afterwards.

    A round under way holds nothing that is not on disk. The workers' temporary files lie in one
    folder, which goes with them, whatever ends this process.
    """
    scratch = Path(tempfile.gettempdir()) / f"napari-salient-{secrets.token_hex(8)}"
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _prepare, (cohort, scratch))
    try:
        yield pool
    finally:
        for process in list((pool._processes or {}).values()):  # noqa: SLF001
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        _remove(scratch)


def work(job: RoundJob) -> RoundOutcome:
    """Run a round in a worker."""
    assert _cohort is not None
    return run_round(_cohort, job)


def _prepare(cohort: Cohort | None, scratch: Path) -> None:
    import torch

    global _cohort
    _cohort = cohort
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What fails here is raised in the process that waits for it, which says it once.
    logging.getLogger("napari_salient").addHandler(logging.NullHandler())
    threading.Thread(target=_end_with_parent, args=(scratch,), daemon=True).start()
    scratch.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(scratch)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _end_with_parent(scratch: Path) -> None:
    """End this process when the one that started it is gone, also if that was killed."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    _remove(scratch)
    os._exit(1)


def _remove(folder: Path) -> None:
    """Remove a folder, in more than one go if somebody still writes into it."""
    for _ in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
