"""Tasks small enough to train in milliseconds: segment bright 8x8 images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_salient.engine.checkpoint import latest_checkpoint, load_checkpoint
from napari_salient.engine.control import Control
from napari_salient.engine.events import Event, Finished, Step
from napari_salient.engine.fit import fit
from napari_salient.engine.settings import FitSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

STEPS = 6
SETTINGS = FitSettings(steps=STEPS, save_every=2, evaluate_every=3, device="cpu", threads=1, seed=7)


class Net(nn.Module):
    """Two convolutions with batch norm and dropout, so that buffers and random state matter."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.3)
        self.second = nn.Conv2d(4, 2, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        return self.second(self.drop(F.relu(self.norm(self.first(images)))))


class TinyTask:
    """Segment what is brighter than the mean; its own state counts the steps it has seen."""

    def __init__(self, weights: int = 0) -> None:
        torch.manual_seed(weights)
        self.model: nn.Module = Net()
        self.seen = torch.zeros(1)
        self.measured: dict[str, float] = {}

    def parameter_groups(self) -> list[dict[str, Any]]:
        return [
            {"params": list(self.model.first.parameters()), "lr": 1e-3},
            {"params": [*self.model.norm.parameters(), *self.model.second.parameters()]},
        ]

    def batch(self, step: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(step)
        images = torch.rand(4, 1, 8, 8, generator=generator)
        return {"images": images, "labels": (images[:, 0] > 0.5).long()}

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        logits = self.model(batch["images"])
        loss = F.cross_entropy(logits, batch["labels"])
        right = (logits.argmax(1) == batch["labels"]).float().mean()
        return loss, {"accuracy": float(right)}

    def on_step(self, step: int) -> None:
        self.seen += 1

    def evaluate(self) -> Iterator[tuple[int, int]]:
        right = 0.0
        for done in range(3):
            batch = self.batch(10_000 + done)
            with torch.no_grad():
                right += float((self.model(batch["images"]).argmax(1) == batch["labels"]).sum())
            yield done + 1, 3
        self.measured = {"accuracy": right / (3 * 4 * 64)}

    def metrics(self) -> Mapping[str, float]:
        return self.measured

    def state_dict(self) -> dict[str, Any]:
        return {"seen": self.seen}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.seen = state["seen"].clone()


class SplitTask(TinyTask):
    """The same, splittable by images; exact once nothing mixes the images of a batch."""

    split_is_exact = True

    def __init__(self, weights: int = 0, *, mixing: bool = False) -> None:
        super().__init__(weights)
        self.split_is_exact = not mixing
        if not mixing:
            self.model.norm = nn.GroupNorm(2, 4)
            self.model.drop = nn.Identity()

    def split(
        self, batch: Mapping[str, Tensor], parts: int
    ) -> Sequence[tuple[float, Mapping[str, Tensor]]]:
        chunks = zip(batch["images"].chunk(parts), batch["labels"].chunk(parts), strict=True)
        total = len(batch["images"])
        return [(len(i) / total, {"images": i, "labels": known}) for i, known in chunks]


class CancelAtLook(Control):
    """Cancels at the job's n-th look, from 0: each place where a job can stop is one look."""

    def __init__(self, look: int) -> None:
        super().__init__()
        self.left = look

    def proceed(self) -> bool:
        if self.left == 0:
            self.cancel()
        self.left -= 1
        return super().proceed()


class PauseAtLook(CancelAtLook):
    """Pauses at the job's n-th look."""

    def proceed(self) -> bool:
        if self.left == 0:
            self.pause()
        self.left -= 1
        return Control.proceed(self)


def train(
    task: TinyTask,
    run_dir: Path,
    settings: FitSettings = SETTINGS,
    control: Control | None = None,
    *,
    resume: bool = False,
) -> list[Event]:
    """Run a training to its end and return its events."""
    return list(fit(task, settings, control or Control(), run_dir, resume=resume))


def losses(events: list[Event]) -> list[float]:
    return [event.loss for event in events if isinstance(event, Step)]


def end(events: list[Event]) -> Finished:
    """Return the last event, having checked that it is the only one of its kind."""
    assert [isinstance(event, Finished) for event in events].count(True) == 1
    assert isinstance(events[-1], Finished)
    return events[-1]


def saved_state(run_dir: Path) -> dict[str, Any]:
    """Return all state in the newest checkpoint but the global generators we do not own."""
    path = latest_checkpoint(run_dir)
    assert path is not None
    stored = load_checkpoint(path)
    state = {**stored.state, "random": stored.state["random"]["torch"]}
    return {"step": stored.step, "model": stored.model, **state}


def same(one: Any, other: Any) -> bool:
    """Return whether two nests are equal to the last bit."""
    if isinstance(one, Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
