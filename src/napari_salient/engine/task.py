"""What the engine trains: the contract between a method and the one training loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


class Task(Protocol):
    """One thing to train: model, data, loss and measurements.

    `batch` is a pure function of the task's seed and the step, so that a resumed run sees the same
    data without any iterator state. Random layers need no care: the loop seeds torch from the seed
    and the step.
    """

    @property
    def model(self) -> nn.Module:
        """The module whose weights are trained."""
        ...

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return what the optimiser updates, in the form torch's optimisers take."""
        ...

    def batch(self, step: int) -> Any:
        """Return the data of optimiser step `step` (from 0): a nest of tensors on the CPU."""
        ...

    def loss(self, batch: Any) -> tuple[Tensor, dict[str, float]]:
        """Return the scalar loss of a batch on the model's device, and metrics to show with it."""
        ...

    def on_step(self, step: int) -> None:
        """Prepare for step `step` (frozen warm-up, pruning curriculum); called before its batch."""
        ...

    def evaluate(self) -> Iterator[tuple[int, int]]:
        """Measure the model; yield ``(done, total)`` between units so that pause and cancel act.

        The model is in evaluation mode. After exhaustion `metrics` holds the outcome. Must not
        yield inside ``torch.no_grad``.
        """
        ...

    def metrics(self) -> Mapping[str, float]:
        """Return what the last complete `evaluate` measured; empty before."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return the task's own state beyond the model (nest of tensors and JSON values).

        Copied before every step, so that a step which is given up leaves no trace: keep it small.
        """
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        ...


@runtime_checkable
class Splittable(Protocol):
    """A task whose batch can be worked through in parts.

    `split_is_exact` says whether accumulating the parts gives the same gradient as the whole batch
    (instance norm with per-sample losses: yes; batch norm, batch Dice or in-batch negatives: no).
    """

    split_is_exact: bool

    def split(self, batch: Any, parts: int) -> Sequence[tuple[float, Any]]:
        """Return `parts` pairs of (weight, part); the weighted losses add up to the whole's."""
        ...


def move(batch: Any, device: torch.device) -> Any:
    """Return `batch` with every tensor of the nest on `device`."""
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, Mapping):
        return {key: move(value, device) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        moved = (move(value, device) for value in batch)
        return type(batch)(*moved) if hasattr(batch, "_fields") else type(batch)(moved)
    return batch
