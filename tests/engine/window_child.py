"""A window and a training in one process: ``python window_child.py window-last|window-first|bare``.

The window is a napari viewer that is drawn, so that Mesa loads its LLVM where it draws in software;
the training runs in a worker thread, as the panel's does, and its optimiser makes torch import
triton. ``bare`` leaves the guards out.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path

from napari_salient.engine.llvm import guard_before_torch, guard_before_window, llvm_state


def train() -> None:
    if ORDER != "bare":
        guard_before_torch()
    import torch

    weight = torch.nn.Parameter(torch.zeros(8))
    optimiser = torch.optim.AdamW([weight])
    for _ in range(3):
        optimiser.zero_grad()
        (weight - 1).square().sum().backward()
        optimiser.step()
    if ORDER != "bare":
        from tiny_tasks import TinyTask, end
        from tiny_tasks import train as fit_tiny

        with tempfile.TemporaryDirectory() as folder:
            DONE.append(str(end(fit_tiny(TinyTask(), Path(folder))).reason))


ORDER, DONE = sys.argv[1], []
if ORDER == "window-last":
    guard_before_window()

import napari  # noqa: E402
import numpy as np  # noqa: E402
from qtpy.QtWidgets import QApplication  # noqa: E402

viewer = napari.Viewer()
viewer.add_image(np.random.default_rng(0).random((8, 64, 64)))
viewer.screenshot(canvas_only=False)
worker = threading.Thread(target=train)
worker.start()
while worker.is_alive():
    QApplication.processEvents()
viewer.close()
print("LLVM of the window:", "libLLVM" in Path("/proc/self/maps").read_text())
print(llvm_state())
print("training", *DONE)
