"""Pretrained encoders as bundles: folders that are given away, and those that ship."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "models"
WEIGHTS = Path("models") / "model.safetensors"
"""File of the weights in a bundle, a checkpoint without what only resuming needs."""


def shipped_bundles() -> dict[str, Path]:
    """Return the folders of the bundles that ship, by their names."""
    return {path.name: path for path in sorted(SHIPPED.glob("*")) if (path / WEIGHTS).is_file()}


def is_shipped(checkpoint: Path) -> bool:
    """Tell whether a checkpoint is that of a bundle that ships."""
    return checkpoint.resolve().is_relative_to(SHIPPED.resolve())


def weights_in(source: Path) -> Path:
    """Return the checkpoint in a bundle, whose folder or shipped name `source` is.

    Anything else is returned as it is. What is on disk goes before a name.
    """
    bundle = source if source.exists() else shipped_bundles().get(str(source), source)
    weights = bundle / WEIGHTS
    return weights if weights.is_file() else source
