"""All state of a run in one safetensors file; nothing is ever pickled.

The tensors are named ``model.*`` and ``state.*``. The file's metadata holds, as JSON, the rest of
the state, facts about the run, and a checksum over all of it.
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_salient.engine.atomic import atomic_target, remove_leftovers
from napari_salient.engine.nest import put_together, take_apart
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from torch import Tensor

FORMAT = "napari-salient checkpoint 1"
FOLDER = "checkpoints"
KEPT = 2
MODEL = "model."


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds, on the CPU.

    Attributes
    ----------
    path
        The file.
    model
        The model's weights and buffers.
    state
        The other state of the run; ``state["task"]`` is the task's own.
    meta
        Facts about the run: ``step``, ``threads``, ``device``, ``settings``, versions.
    """

    path: Path
    model: dict[str, Tensor]
    state: dict[str, Any]
    meta: dict[str, Any]

    @property
    def step(self) -> int:
        """Optimiser steps taken."""
        return int(self.meta["step"])

    @property
    def task(self) -> dict[str, Any]:
        """The task's own state; empty if none was stored."""
        task: dict[str, Any] = self.state.get("task") or {}
        return task


def checkpoint_path(run_dir: Path, step: int) -> Path:
    """Return the file name of the checkpoint after `step` steps."""
    return run_dir / FOLDER / f"step-{step:08d}.safetensors"


def checkpoint_paths(run_dir: Path) -> list[Path]:
    """Return the checkpoint files of a run, the newest first."""
    return sorted((run_dir / FOLDER).glob("step-*.safetensors"), reverse=True)


def latest_checkpoint(run_dir: Path) -> Path | None:
    """Return the newest checkpoint of a run that can be loaded, or `None`."""
    for path in checkpoint_paths(run_dir):
        try:
            return load_checkpoint(path).path
        except RunError:
            continue
    return None


def save_checkpoint(
    path: Path, model_state: Mapping[str, Tensor], state: Mapping[str, Any], meta: Mapping[str, Any]
) -> None:
    """Write a checkpoint; it is on disk when this returns.

    Parameters
    ----------
    path
        Target, as of `checkpoint_path`.
    model_state
        The model's `state_dict`.
    state
        A nest of tensors and JSON values.
    meta
        JSON values, ``step`` among them.

    Raises
    ------
    RunError
        If the disk is full or the folder cannot be written; earlier checkpoints are intact.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors = {MODEL + name: value for name, value in model_state.items()}
    apart = take_apart(dict(state), "state", tensors)
    stored = _storable(tensors)
    metadata = {
        "format": FORMAT,
        "state": json.dumps(apart),
        "meta": json.dumps(dict(meta)),
    }
    metadata["checksum"] = _checksum(stored, metadata)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_target(path) as temporary:
            save_file(stored, temporary, metadata)
    except (OSError, SafetensorError) as error:
        raise RunError(
            f"The checkpoint {path} could not be saved ({error}); free some space or choose "
            "another folder, then resume the run from its last checkpoint."
        ) from error


def keep_newest(run_dir: Path) -> None:
    """Delete all checkpoints of a run but the two newest, and what killed processes left."""
    remove_leftovers(run_dir / FOLDER)
    for path in checkpoint_paths(run_dir)[KEPT:]:
        path.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a whole checkpoint.

    Raises
    ------
    RunError
        If the file is absent, damaged, cut off, or was not written by this program.
    """
    tensors, metadata = _read(path, "pt")
    with _damage_as_sentence(path):
        _require_format(path, metadata)
        if metadata["checksum"] != _checksum(tensors, metadata):
            raise RunError(f"{path} is damaged: its checksum is wrong; use an earlier checkpoint.")
        model = {n.removeprefix(MODEL): t for n, t in tensors.items() if n.startswith(MODEL)}
        return _put_together(path, model, metadata, tensors)


def load_outline(path: Path) -> Checkpoint:
    """Read a checkpoint without its tensors: at once, without torch, its checksum unchecked.

    Its model is empty, and tensors of its state are `None`.

    Raises
    ------
    RunError
        If the file is absent, cut off, or was not written by this program.
    """
    _, metadata = _read(path, "np", tensors=False)
    with _damage_as_sentence(path):
        _require_format(path, metadata)
        return _put_together(path, {}, metadata, defaultdict(lambda: None))


def load_model_weights(path: Path) -> dict[str, Tensor]:
    """Return the model's weights and buffers of a checkpoint, on the CPU.

    Raises
    ------
    RunError
        As `load_checkpoint`.
    """
    return load_checkpoint(path).model


def _read(
    path: Path, framework: str, *, tensors: bool = True
) -> tuple[dict[str, Tensor], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework=framework) as file:
            names = list(file.keys()) if tensors else []
            # Cloned: what safetensors returns may be mapped from the file.
            return {name: file.get_tensor(name).clone() for name in names}, file.metadata() or {}
    except FileNotFoundError as error:
        raise RunError(f"There is no checkpoint {path}.") from error
    except (OSError, SafetensorError, ValueError) as error:
        raise RunError(
            f"{path} is cut off, damaged or no checkpoint ({error}); use an earlier one."
        ) from error


def _require_format(path: Path, metadata: Mapping[str, str]) -> None:
    if metadata.get("format") != FORMAT:
        raise RunError(
            f"{path} was not written by this program (or by a later version); choose a "
            "checkpoint from a run's folder."
        )


def _put_together(
    path: Path,
    model: dict[str, Tensor],
    metadata: Mapping[str, str],
    tensors: Mapping[str, Any],
) -> Checkpoint:
    state = put_together(json.loads(metadata["state"]), tensors)
    meta = json.loads(metadata["meta"])
    return Checkpoint(path, model, state, {**meta, "step": int(meta["step"])})


@contextmanager
def _damage_as_sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path} is damaged ({error!r}); use an earlier checkpoint.") from error


def _storable(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return contiguous CPU tensors, none of which shares memory with another."""
    storable: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        stored = tensor.detach().cpu().contiguous()
        address = stored.untyped_storage().data_ptr()
        storable[name] = stored.clone() if address in seen else stored
        seen.add(address)
    return storable


def _checksum(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """Return a CRC-32 over the JSON parts and the tensors' names and bytes, in a fixed order."""
    import torch

    checksum = zlib.crc32((metadata["state"] + metadata["meta"]).encode())
    for name in sorted(tensors):
        checksum = zlib.crc32(name.encode(), checksum)
        tensor = tensors[name]
        if tensor.numel():
            content = tensor.reshape(-1).view(torch.uint8).numpy()
            checksum = zlib.crc32(content.data, checksum)
    return f"{checksum:08x}"
