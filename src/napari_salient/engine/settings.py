"""The options of every training run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class FitSettings:
    """How a model is trained.

    Parameters
    ----------
    steps
        Optimiser steps. A fixed number, so that a round's cost does not grow with the labels.
    learning_rate
        Peak learning rate of AdamW.
    weight_decay
        Decoupled weight decay of AdamW.
    schedule
        Learning rate over the run: one cycle up and down, or constant.
    clip_norm
        Largest norm of the gradient; 0 turns clipping off.
    micro_batches
        Parts into which each batch is split to save memory; the step is taken over all of them.
    evaluate_every
        Steps between two evaluations; 0 evaluates only at the end.
    save_every
        Steps between two checkpoints; the start and the last step are always saved, 0 saves only
        those.
    device
        Where to train: auto takes CUDA, then MPS, then the CPU.
    precision
        Number format of the forward pass.
    threads
        CPU threads that torch may use inside one operation; 0 takes a share that leaves the window
        responsive.
    seed
        Seed of the weights, the batches and the dropout.
    """

    steps: int = 300
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    schedule: Literal["one_cycle", "constant"] = "one_cycle"
    clip_norm: float = 1.0
    micro_batches: int = 1
    evaluate_every: int = 0
    save_every: int = 100
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    threads: int = 0
    seed: int = 0
