"""Several processes that train one model together, one for each device, as torchrun starts them.

Each works through its share of every batch, and the gradients are added up. All of them pass the
same points in the same order, and meet before whatever they do together: there one that is paused
or cancelled holds up or stops all, and one that failed tells the others, so that none waits for
ever. The first process alone writes files and events.
"""

from __future__ import annotations

import atexit
import contextlib
import enum
import os
from typing import TYPE_CHECKING

from napari_salient.engine.control import Control
from napari_salient.errors import InputError, SalientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from torch import Tensor, nn

REST_S = 1.0
"""How often processes that wait in a pause meet; they give up a silent one after half an hour."""

_WORDS_BYTES = 1024


class PeerFailed(SalientError):
    """Another process of the same training failed; this one is as it was after its last step."""


class Word(enum.IntEnum):
    """What a process says at a meeting; the greatest one holds for all."""

    GO = 0
    WAIT = 1
    STOP = 2
    FAILED = 3


def count() -> int:
    """Return how many processes train together; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Return the number of this process among them, from 0."""
    return int(os.environ.get("RANK", "0")) if count() > 1 else 0


def is_first() -> bool:
    """Return whether this is the process that writes files and events."""
    return rank() == 0


def join() -> None:
    """Connect with the other processes, unless that was done or there are none."""
    from torch import cuda
    from torch import distributed as dist

    if count() > 1 and not dist.is_initialized():
        dist.init_process_group("cpu:gloo,cuda:nccl" if cuda.is_available() else "gloo")
        atexit.register(dist.destroy_process_group)


def own_device(kind: str) -> int | list[int]:
    """Return the device of this process, in the form that Fabric takes.

    Raises
    ------
    InputError
        If there is none for each process.
    """
    from torch import cuda

    if count() == 1 or kind == "cpu":
        return 1
    number = int(os.environ["LOCAL_RANK"])
    devices = cuda.device_count() if kind == "cuda" else 1
    if number >= devices or kind != "cuda":
        raise InputError(
            f"The processes of a training cannot share a device: here are {devices} for '{kind}'; "
            "start no more processes than CUDA devices, or train on the CPU (device: cpu)."
        )
    cuda.set_device(number)
    return [number]


def meet(word: Word = Word.GO, complaint: str = "") -> Word:
    """Wait for all processes, and return the word that holds for all.

    Raises
    ------
    PeerFailed
        If one of them failed or is gone.
    """
    if count() == 1:
        return word
    with _peers_expected():
        said = _greatest([word])[0]
        if said == Word.FAILED:
            raise PeerFailed(_complaints(complaint))
    return Word(said)


def complain(message: str) -> None:
    """Tell the other processes, where they meet next, that this one failed."""
    from torch import distributed as dist

    if count() > 1 and dist.is_initialized():
        with contextlib.suppress(PeerFailed):
            meet(Word.FAILED, message)


def share(text: str) -> str:
    """Return the text that the first process gives."""
    from torch import distributed as dist

    with _peers_expected():
        encoded = _encoded(text)
        dist.broadcast(encoded, src=0)
    return _decoded(encoded)


def add_up(values: Sequence[float]) -> list[float]:
    """Return the sum of each value over all processes."""
    import torch
    from torch import distributed as dist

    sums = torch.tensor(values, dtype=torch.float64)
    with _peers_expected():
        dist.all_reduce(sums)
    return sums.tolist()


def add_up_gradients(model: nn.Module) -> None:
    """Replace each gradient by its sum over all processes; none stays none where nobody has one."""
    import torch
    from torch import distributed as dist
    from torch.nn.utils import parameters_to_vector, vector_to_parameters

    trained = [weights for weights in model.parameters() if weights.requires_grad]
    with _peers_expected():
        present = _greatest([weights.grad is not None for weights in trained])
        for weights, used in zip(trained, present, strict=True):
            if used and weights.grad is None:
                weights.grad = torch.zeros_like(weights)
        gradients = [weights.grad for weights in trained if weights.grad is not None]
        vector = parameters_to_vector(gradients)
        dist.all_reduce(vector)
        vector_to_parameters(vector, gradients)


def align(tensors: Iterable[Tensor]) -> None:
    """Set tensors to what they are in the first process."""
    if count() == 1:
        return
    from torch import distributed as dist

    with _peers_expected():
        for tensor in tensors:
            values = tensor.detach().contiguous()
            dist.broadcast(values, src=0)
            tensor.detach().copy_(values)


class SharedControl(Control):
    """The control of a job in several processes: what one is told holds for all."""

    def __init__(self, own: Control) -> None:
        super().__init__()
        self._own = own

    def proceed(self) -> bool:
        """Meet, again and again while one is paused; return whether all shall go on."""
        word = Word.WAIT
        while word is Word.WAIT:
            word = meet(self._word())
        return word is Word.GO

    def _word(self) -> Word:
        if self._own.rests(REST_S):
            return Word.WAIT
        return Word.STOP if self._own.cancelled else Word.GO


def shared(control: Control) -> Control:
    """Return the control to look at where there may be other processes."""
    return control if count() == 1 else SharedControl(control)


@contextlib.contextmanager
def _peers_expected() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # What torch raises when a connection breaks.
        raise PeerFailed(
            f"Another of the {count()} processes of this training cannot be reached any more "
            f"({str(error).splitlines()[0]}); look at what they wrote, then resume the run."
        ) from error


def _greatest(numbers: Sequence[int]) -> list[int]:
    import torch
    from torch import distributed as dist

    greatest = torch.tensor(numbers, dtype=torch.int32)
    dist.all_reduce(greatest, dist.ReduceOp.MAX)
    return greatest.tolist()


def _complaints(own: str) -> str:
    """Return what the first process that has a complaint says; all call it at the same time."""
    import torch
    from torch import distributed as dist

    heard = [torch.zeros(_WORDS_BYTES, dtype=torch.uint8) for _ in range(count())]
    dist.all_gather(heard, _encoded(own))
    words = {number: _decoded(encoded) for number, encoded in enumerate(heard)}
    number, said = next((number, said) for number, said in words.items() if said)
    return f"Process {number} of the {count()} that train together failed: {said}"


def _encoded(text: str) -> Tensor:
    import torch

    content = text.encode()[:_WORDS_BYTES].ljust(_WORDS_BYTES, b"\0")
    return torch.tensor(list(content), dtype=torch.uint8)


def _decoded(encoded: Tensor) -> str:
    return bytes(encoded.tolist()).rstrip(b"\0").decode(errors="ignore")
