"""The processes that rounds run in; they end with the one that started them."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING

from napari_salient.active_learning.simulation.experiment import RoundJob, RoundOutcome, run_round

if TYPE_CHECKING:
    from napari_salient.active_learning.simulation.cohort import Cohort

_cohort: Cohort | None = None


def start_workers(cohort: Cohort | None, processes: int) -> ProcessPoolExecutor:
    """Return a pool of processes that know the cohort."""
    return ProcessPoolExecutor(processes, get_context("spawn"), _prepare, (cohort,))


def work(job: RoundJob) -> RoundOutcome:
    """Run a round in a worker."""
    assert _cohort is not None
    return run_round(_cohort, job)


def stop_workers(pool: ProcessPoolExecutor) -> None:
    """End the workers at once; a round under way holds nothing that is not on disk."""
    for process in list((pool._processes or {}).values()):  # noqa: SLF001
        process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


def _prepare(cohort: Cohort | None) -> None:
    import torch

    global _cohort
    _cohort = cohort
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, also if that was killed."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
