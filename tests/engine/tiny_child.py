"""Processes that tests kill.

``train FOLDER`` prints the events of a training; ``save FOLDER`` forks, for each line of standard
input, a process that saves checkpoints without end and prints each step once it is on disk.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
from tiny_tasks import SETTINGS, TinyTask

from napari_salient.engine.checkpoint import (
    checkpoint_path,
    checkpoint_paths,
    keep_newest,
    save_checkpoint,
)
from napari_salient.engine.control import Control
from napari_salient.engine.fit import fit


def train(folder: Path) -> None:
    for event in fit(TinyTask(), SETTINGS, Control(), folder, resume=True):
        print(event, flush=True)


def save(folder: Path) -> None:
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            save_without_end(folder)
        os.waitpid(child, 0)
        print("dead", flush=True)


def save_without_end(folder: Path) -> None:
    _say(os.getpid())
    newest = checkpoint_paths(folder)[:1]
    step = int(newest[0].stem.removeprefix("step-")) if newest else 0
    while True:
        step += 1
        model = {"weight": torch.full((100, 1000), float(step))}
        save_checkpoint(checkpoint_path(folder, step), model, {}, {"step": step})
        keep_newest(folder)
        _say(step)


def _say(number: int) -> None:
    os.write(sys.stdout.fileno(), f"{number}\n".encode())  # whole or not at all


if __name__ == "__main__":
    {"train": train, "save": save}[sys.argv[1]](Path(sys.argv[2]))
