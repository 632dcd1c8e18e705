"""What the engine adds to an optimiser step, and what a checkpoint costs.

``python benchmarks/engine_overhead.py --output engine_overhead.json``

The same network is trained on the same batch by a bare torch loop and by `fit` with its events
logged, in turns, on one thread. Steps are compared by the processor time of their thread, since
other programs disturb the wall clock. The difference hardly depends on the network, so it is
measured on a small one, and stated against a step of 50 ms.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_salient.engine.checkpoint import checkpoint_path, save_checkpoint
from napari_salient.engine.events import Step
from napari_salient.engine.fit import fit
from napari_salient.engine.run import Run
from napari_salient.engine.settings import FitSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE_STEP_MS = 50.0


class SmallTask:
    """A small segmentation network on one batch that never changes."""

    def __init__(self, width: int) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, 2, 3, padding=1),
        )
        images = torch.rand(2, 1, 8, 8)
        self.data = images, (images[:, 0] > 0.5).long()

    def parameter_groups(self) -> list[dict[str, Any]]:
        """All weights as one group."""
        return [{"params": list(self.model.parameters())}]

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the one batch."""
        return self.data

    def loss(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, float]]:
        """Cross-entropy."""
        return F.cross_entropy(self.model(batch[0]), batch[1]), {}

    def on_step(self, step: int) -> None:
        """Nothing to prepare."""

    def evaluate(self) -> Iterator[tuple[int, int]]:
        """Measure nothing."""
        return iter(())

    def metrics(self) -> dict[str, float]:
        """Nothing was measured."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """No state beside the model."""
        return {}

    def load_state_dict(self, state: object) -> None:
        """Nothing to restore."""


def main() -> None:
    options = parse_arguments()
    torch.set_num_threads(1)
    settings = FitSettings(steps=options.steps, save_every=0, device="cpu", threads=1)
    bare_steps(options.width, settings)
    fit_steps(options.width, settings)
    records = [
        {
            "bare_ms": bare_steps(options.width, settings),
            "fit_ms": fit_steps(options.width, settings),
        }
        for _ in range(options.repeats)
    ]
    overhead = statistics.median(record["fit_ms"] - record["bare_ms"] for record in records)
    result = {
        "benchmark": "engine_overhead",
        "settings": {"width": options.width, "steps": options.steps, "repeats": options.repeats},
        "records": records,
        "summary": {
            "overhead_ms": overhead,
            "percent_of_a_50_ms_step": 100 * overhead / REFERENCE_STEP_MS,
            "checkpoint_ms_per_million_weights": checkpoint_ms(4_000_000) / 4,
        },
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=4, help="channels of the network")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=Path, help="file for the JSON result")
    return parser.parse_args()


def bare_steps(width: int, settings: FitSettings) -> float:
    """Return the median milliseconds of a step of the loop one would write by hand."""
    task = SmallTask(width)
    optimiser = torch.optim.AdamW(task.parameter_groups(), settings.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.steps
    )
    seconds = []
    for step in range(settings.steps):
        begun = time.thread_time()
        optimiser.zero_grad(set_to_none=True)
        loss, _ = task.loss(task.batch(step))
        loss.backward()
        nn.utils.clip_grad_norm_(task.model.parameters(), settings.clip_norm)
        optimiser.step()
        schedule.step()
        loss.item()
        seconds.append(time.thread_time() - begun)
    return 1e3 * statistics.median(seconds)


def fit_steps(width: int, settings: FitSettings) -> float:
    """Return the median milliseconds of a step of `fit`, logging included."""
    task, seconds = SmallTask(width), []
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder), "training", settings)
        begun = time.thread_time()
        for event in run.record(fit(task, settings, run.control, run.directory)):
            now = time.thread_time()
            if isinstance(event, Step):
                seconds.append(now - begun)
            begun = now
    return 1e3 * statistics.median(seconds)


def checkpoint_ms(weights: int) -> float:
    """Return the milliseconds to write and sync a model of so many weights with its moments."""
    tensors = [torch.rand(weights) for _ in range(3)]
    state = {"moments": tensors[1:]}
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        save_checkpoint(checkpoint_path(Path(folder), 1), {"w": tensors[0]}, state, {"step": 1})
        return 1e3 * (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
