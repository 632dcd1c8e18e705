"""Small volumes with something in them that tells up from down, and tiny networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_salient.engine.settings import FitSettings
from napari_salient.pretraining.pool import VolumePool
from napari_salient.pretraining.settings import JigsawSettings, PretrainingSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_salient.pretraining.proxy import Proxy
    from napari_salient.pretraining.task import PretrainingTask

SIDE = 26
CUBES = (1.0, 1.0, 1.0)


def volume(seed: int, shape: tuple[int, ...] = (SIDE,) * 3, channels: int = 1) -> NDArray[Any]:
    """Return ``(channel, z, y, x)``: a slope, three balls in a corner each, and noise."""
    rng = np.random.default_rng(seed)
    z, y, x = (np.linspace(-1, 1, side) for side in shape)
    grid = np.stack(np.meshgrid(z, y, x, indexing="ij"))
    image = 0.8 * grid[0] + 0.5 * grid[1] - 0.3 * grid[2]
    for size, centre in ((0.2, (-0.5, -0.5, 0.5)), (0.1, (0.6, -0.4, -0.5)), (0.05, (0, 0.6, 0.4))):
        moved = np.array(centre) + rng.uniform(-0.1, 0.1, 3)
        image = image + 2.0 * (((grid - moved[:, None, None, None]) ** 2).sum(0) < size)
    noisy = image + 0.2 * rng.standard_normal((channels, *shape))
    return ((noisy - noisy.mean()) / noisy.std()).astype(np.float32)


def pool_of(count: int = 4, first: int = 0, **kind: Any) -> VolumePool:
    """Return a pool of such volumes."""
    return VolumePool.of_arrays([volume(first + number, **kind) for number in range(count)])


def settings_of(task: str, spatial_dims: int = 2, **changes: Any) -> PretrainingSettings:
    """Return settings for a tiny network."""
    fit = FitSettings(steps=4, save_every=2, threads=1, device="cpu")
    tiny: dict[str, Any] = {
        "task": task,
        "spatial_dims": spatial_dims,
        "width": 4,
        "context": 0,
        "batch_size": 4,
        "held_out_batches": 2,
        "jigsaw": JigsawSettings(permutations=6),
        "fit": fit,
    }
    return PretrainingSettings(**{**tiny, **changes})


def train(task: PretrainingTask, steps: int, change: Callable[[Any], Any] = lambda b: b) -> list:
    """Train without the engine; return the losses."""
    optimiser = torch.optim.AdamW(task.parameter_groups(), lr=3e-3)
    losses = []
    task.model.train()
    for step in range(steps):
        loss, _ = task.loss(change(task.batch(step)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


def measured(task: PretrainingTask) -> dict[str, float]:
    """Evaluate and return the metrics."""
    task.model.eval()
    list(task.evaluate())
    return dict(task.metrics())


def example(proxy: Proxy[Any], seed: int = 0, channels: int = 1) -> tuple[Any, Any, torch.Tensor]:
    """Return a draw, the example made with it, and the windows it was made of."""
    rng = np.random.default_rng(seed)
    shape = (proxy.volumes, channels, *proxy.sides)
    windows = torch.from_numpy(rng.standard_normal(shape).astype(np.float32))
    draw = proxy.draw(rng)
    return draw, proxy.apply(windows, draw), windows
