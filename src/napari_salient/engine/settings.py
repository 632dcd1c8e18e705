"""The options of every training run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_salient.engine.bounds import Bounded, Count, Natural, NonNegative, Positive


@dataclass(frozen=True)
class FitSettings(Bounded):
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

    steps: Count = 300
    learning_rate: Positive = 3e-3
    weight_decay: NonNegative = 1e-3
    schedule: Literal["one_cycle", "constant"] = "one_cycle"
    clip_norm: NonNegative = 1.0
    micro_batches: Count = 1
    evaluate_every: Natural = 0
    save_every: Natural = 100
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    threads: Natural = 0
    seed: Natural = 0
