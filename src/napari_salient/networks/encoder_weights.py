"""Weights of an encoder from a file on this machine."""

from __future__ import annotations

from pickle import UnpicklingError
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from napari_salient.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.networks.encoders import Encoder

COUNTER = "num_batches_tracked"
"""What batch norms count and nothing uses; old files lack it."""

SHOWN = 3
"""Tensors that an error lists."""


def load_encoder(encoder: Encoder, path: Path) -> None:
    """Set an encoder's weights to those in a file, such as of torchvision or timm.

    Tensors beyond the encoder's level do not matter. Where the encoder takes grey images and the
    weights colour ones, the channels of the first layer are added up, as if grey were given three
    times.

    Parameters
    ----------
    encoder
        Left as it is if the file does not fit.
    path
        Safetensors, or a state dict that torch saved; nothing else is unpickled.

    Raises
    ------
    RunError
        If the file cannot be read, lacks tensors, or has some of another shape.
    """
    stored = _read_tensors(path)
    state = encoder.layers.state_dict()
    wanted = {name: tensor for name, tensor in state.items() if not name.endswith(COUNTER)}
    first = next(iter(wanted))
    if first in stored and stored[first].ndim == 4 and wanted[first].shape[1] == 1:
        stored[first] = stored[first].sum(1, keepdim=True)
    amiss = [
        f"{name} is {'missing' if name not in stored else f'{tuple(stored[name].shape)}'}"
        for name, tensor in wanted.items()
        if name not in stored or stored[name].shape != tensor.shape
    ]
    statistics = {f"{name.rpartition('.')[0]}.running_mean" for name in wanted} - wanted.keys()
    amiss += [f"{name} has no place here" for name in sorted(statistics & stored.keys())]
    if amiss:
        more = f" and {len(amiss) - SHOWN} more" if len(amiss) > SHOWN else ""
        raise RunError(
            f"The weights in {path} do not fit this encoder: {', '.join(amiss[:SHOWN])}{more}; "
            "choose the encoder and the norm that they were made for."
        )
    encoder.layers.load_state_dict(state | {name: stored[name] for name in wanted})


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, UnpicklingError, RuntimeError, EOFError) as error:
        raise RunError(
            f"The weights in {path} cannot be read ({str(error).splitlines()[0]}); "
            "choose a safetensors file or a state dict saved by torch."
        ) from error
    if not isinstance(stored, dict) or not all(isinstance(t, Tensor) for t in stored.values()):
        raise RunError(f"{path} holds no state dict; save one with torch.save(net.state_dict()).")
    return stored
