"""A pretrained encoder in a training: frozen at first, then trained at a rate of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from napari_salient.pretraining.transfer import encoder_tensors

if TYPE_CHECKING:
    from torch import nn

    from napari_salient.engine.settings import FitSettings


class WarmUpSettings(Protocol):
    """What the settings of a training with a pretrained encoder say, whatever the head."""

    @property
    def warm_up(self) -> float:
        """Share of the steps in which the encoder is frozen."""

    @property
    def encoder_rate(self) -> float:
        """Learning rate of the encoder as a share of that of the other layers."""

    @property
    def fit(self) -> FitSettings:
        """The training run."""


class WarmUp:
    """Freezes the encoder of a model for the first steps and gives it its own learning rate."""

    def __init__(self, model: nn.Module, settings: WarmUpSettings) -> None:
        named = dict(model.named_parameters())
        self.encoder = list(encoder_tensors(named).values())
        inside = set(map(id, self.encoder))
        self.others = [weights for weights in named.values() if id(weights) not in inside]
        self.frozen_steps = round(settings.warm_up * settings.fit.steps)
        self.rate = settings.encoder_rate * settings.fit.learning_rate

    def groups(self) -> list[dict[str, Any]]:
        """Return the weights of the encoder and the others, as torch's optimisers take them."""
        return [{"params": self.others}, {"params": self.encoder, "lr": self.rate}]

    def before(self, step: int) -> None:
        """Freeze the encoder or let it learn, as step `step` (from 0) asks for."""
        for weights in self.encoder:
            weights.requires_grad_(step >= self.frozen_steps)
