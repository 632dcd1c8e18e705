"""Tasks small enough to train in milliseconds: segment bright 8x8 images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_salient.engine.settings import FitSettings

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

    def __init__(self, seed: int = 7) -> None:
        torch.manual_seed(seed)
        self.model: nn.Module = Net()
        self.seed = seed
        self.seen = torch.zeros(1)
        self.measured: dict[str, float] = {}

    def parameter_groups(self) -> list[dict[str, Any]]:
        return [
            {"params": list(self.model.first.parameters()), "lr": 1e-3},
            {"params": [*self.model.norm.parameters(), *self.model.second.parameters()]},
        ]

    def batch(self, step: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(self.seed * 1000 + step)
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

    def __init__(self, seed: int = 7, *, mixing: bool = False) -> None:
        super().__init__(seed)
        self.split_is_exact = not mixing
        if not mixing:
            self.model.norm = nn.GroupNorm(2, 4)
            self.model.drop = nn.Identity()

    def split(
        self, batch: Mapping[str, Tensor], parts: int
    ) -> Sequence[tuple[float, Mapping[str, Tensor]]]:
        images = batch["images"].chunk(parts)
        labels = batch["labels"].chunk(parts)
        total = len(batch["images"])
        return [
            (len(i) / total, {"images": i, "labels": l})
            for i, l in zip(images, labels, strict=True)
        ]


def everything(task: TinyTask) -> dict[str, Tensor]:
    """Return copies of all tensors of a task: weights, buffers, own state."""
    state = {name: value.clone() for name, value in task.model.state_dict().items()}
    return {**state, "seen": task.seen.clone()}
