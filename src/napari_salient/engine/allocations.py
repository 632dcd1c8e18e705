"""What the operations of a step allocate, counted without doing their arithmetic."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from napari_salient.engine.task import Splittable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import Tensor

    from napari_salient.engine.settings import FitSettings
    from napari_salient.engine.task import Task

HEAP_BLOCK = 2**25
"""Blocks below this size are small: glibc takes them from its heap."""

FORMATS = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def allocations(task: Task, settings: FitSettings, batch: Any) -> Allocations:
    """Return what a step on `batch` allocates; the task is left as it was.

    Of the parts of a split batch two are looked at: with the second gradients begin to add up.
    """
    parts: Sequence[tuple[float, Any]] = [(1.0, batch)]
    if settings.micro_batches > 1 and isinstance(task, Splittable):
        parts = task.split(batch, settings.micro_batches)
    chosen = FORMATS.get(settings.precision)
    found = Allocations()
    before = [(buffer, buffer.clone()) for buffer in task.model.buffers()]
    task.model.train()
    with FakeTensorMode(allow_non_fake_inputs=True), found:
        for _, part in parts[:2]:
            with torch.autocast("cpu", chosen, enabled=chosen is not None):
                loss, _ = task.loss(part)
            loss.backward()  # type: ignore[no-untyped-call]
    task.model.zero_grad(set_to_none=True)
    for buffer, value in before:
        buffer.copy_(value)  # A count of batches is added to all the same.
    return found


class Allocations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what is in use of what operations have allocated.

    Attributes
    ----------
    small, large
        Bytes in small and in large blocks at the time when most are in use.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.small = self.large = 0
        self._in_use = {True: 0, False: 0}
        self._held: set[int] = set()

    def __torch_dispatch__(
        self, operation: Any, types: Any, inputs: Sequence[Any] = (), options: Any = None
    ) -> Any:
        """Count one operation."""
        if operation.name() == "aten::_local_scalar_dense":
            return 1.0  # A metric to show; there is no number to be had.
        outputs = operation(*inputs, **(options or {}))
        if not operation.is_view:
            for tensor in tensors_of(outputs):
                self._hold(tensor.untyped_storage())
        if "convolution" in operation.name():
            self._rearrange([*tensors_of(inputs), *tensors_of(outputs)])
        return outputs

    def _hold(self, storage: torch.UntypedStorage) -> None:
        key, size = id(storage), storage.nbytes()
        if key not in self._held:
            self._held.add(key)
            self._add(size)
            weakref.finalize(storage, self._release, key, size)

    def _release(self, key: int, size: int) -> None:
        self._held.discard(key)
        self._add(-size)

    def _rearrange(self, tensors: Sequence[Tensor]) -> None:
        """Count the copies that a convolution computes on: of two tensors at a time.

        Small ones find room in gaps of the heap.
        """
        sizes = sorted(tensor.nbytes for tensor in tensors)[-2:]
        copies = [size for size in sizes if size >= HEAP_BLOCK]
        for size in (*copies, *(-size for size in copies)):
            self._add(size)

    def _add(self, size: int) -> None:
        is_small = abs(size) < HEAP_BLOCK
        self._in_use[is_small] += size
        self.small = max(self.small, self._in_use[True])
        self.large = max(self.large, self._in_use[False])


def tensors_of(nest: Any) -> list[Tensor]:
    """Return the tensors of a nest."""
    return [leaf for leaf in tree_leaves(nest) if isinstance(leaf, torch.Tensor)]


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """Return what tensors hold."""
    return sum(tensor.nbytes for tensor in tensors)
