"""The optimiser steps of a run: model, optimiser and schedule behind Lightning Fabric."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_salient.engine import ranks
from napari_salient.engine.device import check_precision, pick_device
from napari_salient.engine.events import Progress, Step
from napari_salient.engine.nest import clone_nest
from napari_salient.engine.randomness import random_state, restore_random_state, seed_torch
from napari_salient.engine.schedule import rate_factor
from napari_salient.engine.task import Splittable, move
from napari_salient.errors import InputError, RunError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from torch import Tensor

    from napari_salient.engine.checkpoint import Checkpoint
    from napari_salient.engine.control import Control
    from napari_salient.engine.settings import FitSettings
    from napari_salient.engine.task import Task


@dataclass(frozen=True)
class _Boundary:
    """What a forward pass may change, as it was before the step."""

    buffers: dict[str, Tensor]
    task: Any


class Training:
    """A task being trained, always at the boundary between two steps when seen from outside.

    With several processes (see `ranks`) each takes its share of every batch.

    Parameters
    ----------
    task
        Its model is moved to the device.
    settings
        Optimiser, schedule, precision, device, seed.

    Raises
    ------
    InputError
        If the device, the precision or the number of micro-batches cannot be had.
    """

    def __init__(self, task: Task, settings: FitSettings) -> None:
        import torch
        from lightning_fabric import Fabric

        _check_splitting(task, settings.micro_batches)
        ranks.join()
        self.device = pick_device(settings.device)
        check_precision(settings.precision, self.device)
        self.task = task
        self.settings = settings
        self.step = 0
        self.intact = True
        device = ranks.own_device(self.device)
        self._fabric = Fabric(accelerator=self.device, devices=device, precision=settings.precision)
        task.model.to(self._fabric.device)
        ranks.meet()
        ranks.align(task.model.state_dict().values())
        self._optimiser = torch.optim.AdamW(
            task.parameter_groups(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._peaks = [group["lr"] for group in self._optimiser.param_groups]
        self._stepper = self._fabric.setup_optimizers(self._optimiser)

    def take_step(self, control: Control) -> Generator[Progress, None, Step | None]:
        """Take one optimiser step; return `None` if it was cancelled, which leaves no trace.

        Yields
        ------
        Progress
            Between the parts of a split batch.

        Raises
        ------
        RunError
            If the loss or its gradient is no finite number.
        PeerFailed
            If another process that trains the same model failed.
        """
        begun = time.perf_counter()
        boundary = self._boundary()
        try:
            outcome = yield from self._accumulate(control)
            if outcome is not None:
                self._update()
        except BaseException:
            self._return_to(boundary)
            raise
        if outcome is None:
            self._return_to(boundary)
            return None
        self.step += 1
        loss, metrics = outcome
        seconds = time.perf_counter() - begun
        return Step(self.step, self.settings.steps, loss, seconds, metrics)

    def state(self) -> dict[str, Any]:
        """Return all state beyond the model, as a nest for a checkpoint."""
        return {
            "optimiser": self._optimiser.state_dict(),
            "precision": self._fabric.strategy.precision.state_dict(),
            "task": self.task.state_dict(),
            "random": random_state(),
        }

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        RunError
            If it belongs to another model or optimiser.
        """
        state = checkpoint.state
        try:
            self.task.model.load_state_dict(checkpoint.model)
            self._load_moments(state["optimiser"])
            self._fabric.strategy.precision.load_state_dict(state["precision"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise RunError(
                f"{checkpoint.path} holds another model than this run trains "
                f"({str(error).splitlines()[0]}); start a new run."
            ) from error
        self.task.load_state_dict(checkpoint.task)
        restore_random_state(state["random"])
        self.step = checkpoint.step

    def _accumulate(
        self, control: Control
    ) -> Generator[Progress, None, tuple[float, dict[str, float]] | None]:
        seed_torch(self.settings.seed, "step", self.step, self.device)
        self.task.on_step(self.step)
        self.task.model.train()
        self._optimiser.zero_grad(set_to_none=True)
        parts = self._parts(self.task.batch(self.step))
        if not ranks.is_first():  # The shares of a batch shall not be dropped out alike.
            seed_torch(self.settings.seed, f"step/{ranks.rank()}", self.step, self.device)
        total, shown = 0.0, _Mean()
        for done, (weight, part) in enumerate(parts):
            if done and not control.proceed():
                return None
            loss, metrics = self._backward(weight, part)
            total += weight * loss
            shown.add(metrics, weight)
            if len(parts) > 1:
                yield Progress(done + 1, len(parts), f"parts of step {self.step + 1}")
        total = self._together(total, shown)
        self._require_finite(total, "loss")
        return total, shown.values()

    def _parts(self, batch: Any) -> Sequence[tuple[float, Any]]:
        """Return the parts of a batch that this process works through."""
        count = ranks.count()
        wanted = self.settings.micro_batches * count
        if wanted == 1 or not isinstance(self.task, Splittable):
            return [(1.0, batch)]
        parts = self.task.split(batch, wanted)
        if len(parts) % count:
            raise InputError(
                f"A batch falls into {len(parts)} parts, which {count} processes cannot share "
                f"equally; choose a batch size that is a multiple of {wanted}."
            )
        return parts[ranks.rank() :: count]

    def _together(self, loss: float, shown: _Mean) -> float:
        """Add up gradients, metrics and loss of all processes, and return the loss."""
        if ranks.count() == 1:
            return loss
        ranks.meet()
        ranks.add_up_gradients(self.task.model)
        ranks.align(self.task.model.buffers())
        loss, *sums = ranks.add_up([loss, *shown.sums()])
        shown.replace(sums)
        return loss

    def _backward(self, weight: float, part: Any) -> tuple[float, dict[str, float]]:
        with self._fabric.autocast():
            loss, metrics = self.task.loss(move(part, self._fabric.device))
        value = float(loss.detach())
        self._fabric.backward(loss if weight == 1.0 else loss * weight)
        return value, {name: float(number) for name, number in metrics.items()}

    def _update(self) -> None:
        norm = self._fabric.clip_gradients(
            self.task.model,
            self._stepper,
            max_norm=self.settings.clip_norm or math.inf,
            error_if_nonfinite=False,
        )
        # With loss scaling an overflow is expected now and then, and the scaler skips the step.
        if self.settings.precision != "16-mixed":
            self._require_finite(float(norm), "gradient")
        factor = rate_factor(self.settings.schedule, self.step, self.settings.steps)
        for group, peak in zip(self._optimiser.param_groups, self._peaks, strict=True):
            group["lr"] = peak * factor
        self.intact = False
        self._stepper.step()
        self.intact = True
        self._optimiser.zero_grad(set_to_none=True)

    def _require_finite(self, value: float, what: str) -> None:
        if not math.isfinite(value):
            raise RunError(
                f"The {what} became {value} at step {self.step + 1}; the last checkpoint is from "
                "before that. Lower the learning rate or look for NaN in the data."
            )

    def _boundary(self) -> _Boundary:
        buffers = {name: value.clone() for name, value in self.task.model.named_buffers()}
        return _Boundary(buffers, clone_nest(self.task.state_dict()))

    def _return_to(self, boundary: _Boundary) -> None:
        for name, value in self.task.model.named_buffers():
            value.copy_(boundary.buffers[name])
        self.task.load_state_dict(boundary.task)
        self._optimiser.zero_grad(set_to_none=True)

    def _load_moments(self, state: dict[str, Any]) -> None:
        """Load the optimiser's moments, laid out as the weights are; keep this run's options."""
        import torch

        groups = self._optimiser.param_groups
        kept = ("params", "lr")  # The rate is set anew before each step.
        options = [{n: v for n, v in group.items() if n not in kept} for group in groups]
        self._optimiser.load_state_dict(state)
        for group, chosen in zip(self._optimiser.param_groups, options, strict=True):
            group.update(chosen)
        for weights, moments in self._optimiser.state.items():
            for name, value in moments.items():
                if isinstance(value, torch.Tensor) and value.shape == weights.shape:
                    moments[name] = torch.empty_like(weights, dtype=value.dtype).copy_(value)


class _Mean:
    """The weighted mean of the metrics of a step's parts."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._weight = 0.0

    def add(self, metrics: dict[str, float], weight: float) -> None:
        self._weight += weight
        for name, value in metrics.items():
            self._sums[name] = self._sums.get(name, 0.0) + weight * value

    def sums(self) -> list[float]:
        return [self._weight, *self._sums.values()]

    def replace(self, sums: Sequence[float]) -> None:
        self._weight, *values = sums
        self._sums = dict(zip(self._sums, values, strict=True))

    def values(self) -> dict[str, float]:
        return {name: value / self._weight for name, value in self._sums.items()}


def _check_splitting(task: Task, parts: int) -> None:
    if isinstance(task, Splittable):
        return
    if ranks.count() > 1:
        raise InputError(
            f"This run's batches cannot be split among {ranks.count()} processes; start it in one."
        )
    if parts > 1:
        raise InputError(
            f"This run's batches cannot be split into {parts} micro-batches; set it to 1."
        )
