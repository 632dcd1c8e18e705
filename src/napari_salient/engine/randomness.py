"""Random state that depends on the seed and the step alone."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import numpy as np


def seed_torch(seed: int, purpose: str, step: int, device: str) -> None:
    """Seed torch on the CPU and on `device` for one unit of work.

    Not with `torch.manual_seed`: where CUDA is installed and idle it formats a stack trace for it,
    half a millisecond each time.
    """
    import torch

    digest = hashlib.blake2b(f"{seed}/{purpose}/{step}".encode(), digest_size=8).digest()
    number = int.from_bytes(digest) >> 1
    torch.default_generator.manual_seed(number)
    if device == "cuda":
        torch.cuda.manual_seed_all(number)
    elif device == "mps":
        torch.mps.manual_seed(number)


def random_state() -> dict[str, Any]:
    """Return the state of the global generators of torch, NumPy and Python, as a nest."""
    import torch

    kind, keys, *rest = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state(),
        "numpy": {"kind": kind, "keys": torch.from_numpy(np.array(keys, np.int64)), "rest": rest},
        "python": random.getstate(),
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Set the global generators to what `random_state` returned."""
    import torch

    torch.set_rng_state(state["torch"])
    numpy = state["numpy"]
    np.random.set_state((numpy["kind"], numpy["keys"].numpy().astype(np.uint32), *numpy["rest"]))
    random.setstate(state["python"])
