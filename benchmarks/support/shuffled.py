"""Answers that have nothing to do with the views: who learns from them has to stay at chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from napari_salient.pretraining.exemplar import Exemplar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from napari_salient.pretraining.task import PretrainingTask


def shuffle(task: PretrainingTask, seed: int = 0) -> PretrainingTask:
    """Let a task be trained on answers drawn by chance and return it.

    It is measured on the true answers, but for exemplar: that a deformed view is closer to its
    original than to another volume is seen by a network that has learned nothing.
    """
    proxy, true = task.proxy, task.proxy.outcome
    draw = torch.Generator().manual_seed(seed)

    def outcome(answer: Any, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        if task.model.training or isinstance(proxy, Exemplar):
            answer, batch = by_chance(answer, batch, draw)
        return true(answer, batch)

    proxy.outcome = outcome  # type: ignore[method-assign]
    return task


def by_chance(
    answer: Any, batch: Mapping[str, Tensor], draw: torch.Generator
) -> tuple[Any, Mapping[str, Tensor]]:
    """Replace what is right: another class, noise, another continuation, either of two views."""
    if "label" in batch:
        labels = torch.randint(answer.shape[1], batch["label"].shape, generator=draw)
        return answer, {**batch, "label": labels}
    if "image" in batch:
        return answer, {**batch, "image": torch.randn(batch["image"].shape, generator=draw)}
    if isinstance(answer, tuple):
        guesses, truths = answer
        return (guesses, truths[torch.randperm(len(truths), generator=draw)]), batch
    swapped = torch.rand(len(answer), 1, 1, generator=draw) < 0.5
    return torch.where(swapped, answer[:, [0, 2, 1]], answer), batch
