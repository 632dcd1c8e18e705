"""Where a model is trained and applied."""

from __future__ import annotations

from napari_salient.errors import InputError


def pick_device(name: str = "auto") -> str:
    """Return ``cuda``, ``mps`` or ``cpu`` for a device name of the settings.

    Raises
    ------
    InputError
        If the device was asked for by name and is absent: a long run is not moved to the CPU
        behind the user's back.
    """
    present = _present()
    if name == "auto":
        return present[0]
    if name in present:
        return name
    raise InputError(
        f"The device '{name}' is not available on this machine, only {', '.join(present)}; "
        "choose one of these or auto."
    )


def check_precision(precision: str, device: str) -> None:
    """Refuse a number format that the device cannot train in.

    Raises
    ------
    InputError
        If half precision is asked for elsewhere than on CUDA; its loss scaling exists only there.
    """
    if precision == "16-mixed" and device != "cuda":
        raise InputError(
            f"Precision 16-mixed needs a CUDA device, and this run is on '{device}'; "
            "choose 32-true or bf16-mixed."
        )


def _present() -> list[str]:
    """Return the device names of this machine, the fastest first."""
    import torch

    present = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        present.append("mps")
    return [*present, "cpu"]
