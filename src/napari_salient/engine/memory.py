"""How much memory a training will take, found before its first step."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from napari_salient.engine.device import pick_device
from napari_salient.engine.events import MemoryForecast
from napari_salient.engine.threads import responsive_window

if TYPE_CHECKING:
    from napari_salient.engine.settings import FitSettings
    from napari_salient.engine.task import Task

HEAP_FACTOR = 1.85
"""What the heap of glibc takes for what is in use of it: torch asks for aligned blocks, and the gap
that a tensor leaves is then too small for another of the same size. Measured: 1.4 to 2.3."""

ARRAYS = 4
"""Of about the same size, in which data is worked on between steps."""


def forecast(
    task: Task, settings: FitSettings, *, kept: int = 0, passing: int = 0
) -> MemoryForecast:
    """Return the memory that a training will take at most, beside the program.

    The first step is taken without its arithmetic, and what its operations allocate is counted:
    gradients, and whatever is saved for them. The task is left as it was.

    Parameters
    ----------
    task
        Still where it was built, before it is trained; its first batch is made.
    settings
        How it will be trained.
    kept
        Bytes of data that the task holds in memory while it is trained.
    passing
        Bytes that it takes between steps, as for reading a volume.
    """
    from napari_salient.engine.allocations import HEAP_BLOCK, allocations, bytes_of, tensors_of

    device = pick_device(settings.device)
    batch = task.batch(0)
    with responsive_window():
        step = allocations(task, settings, batch)
    weights = bytes_of(task.model.parameters())
    moments = 2 * bytes_of(w for w in task.model.parameters() if w.requires_grad)
    state = weights + moments + bytes_of(tensors_of(batch))
    if device == "cuda":
        return MemoryForecast(state + step.small + step.large, _free(device), device)
    heap = round(step.small * (HEAP_FACTOR if platform.libc_ver()[0] == "glibc" else 1))
    passing = max(passing, weights + moments)  # A checkpoint is a copy of these.
    if passing < ARRAYS * HEAP_BLOCK:
        needed = max(heap, passing) + step.large
    else:
        needed = heap + max(passing, step.large)
    return MemoryForecast(state + kept + needed, _free(device), device)


def _free(device: str) -> int:
    """Return the bytes that are free where a model is trained."""
    import psutil
    import torch

    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)
