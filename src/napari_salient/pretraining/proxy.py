"""What the six proxy tasks have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from napari_salient.pretraining.geometry import Geometry
    from napari_salient.pretraining.spec import EncoderSpec

Draw = TypeVar("Draw")
Example = dict[str, "Tensor"]
"""One training example: ``views`` (view, channel, *sides), and what the loss needs beside them."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One input of the network, to be shown.

    Parameters
    ----------
    words
        What it is.
    image : numpy.ndarray, shape (channel, *sides)
    place : tuple of int
        Where it belongs in a grid of pictures, along the view's axes.
    """

    words: str
    image: NDArray[np.float32]
    place: tuple[int, ...]


class Proxy(ABC, Generic[Draw]):
    """A task whose answers are known without labels.

    Attributes
    ----------
    volumes
        Different volumes that one example is made of.
    split_is_exact
        Whether the loss of a batch is the mean of those of its parts, each by its `weight`.
    needs_anatomy
        Whether nothing but the anatomy should give the answer away, so that noise cannot be solved.
    sides
        Voxels of what is cut out of a volume, along the view's axes.
    notes
        What a user should know about this task on these volumes, in sentences.
    """

    volumes: ClassVar[int] = 1
    split_is_exact: ClassVar[bool] = True
    needs_anatomy: ClassVar[bool] = True

    def __init__(self, geometry: Geometry, sides: tuple[int, ...]) -> None:
        self.geometry = geometry
        self.sides = sides
        self.notes: tuple[str, ...] = ()

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Draw:
        """Draw the random parameters of one example."""

    @abstractmethod
    def apply(self, windows: Tensor, draw: Draw) -> Example:
        """Make an example of what was cut out: ``windows`` is (volume, channel, *sides)."""

    def apply_all(self, windows: Tensor, draws: Sequence[Draw]) -> Example:
        """Make examples of windows (example, volume, ...), each tensor along a new first axis."""
        made = [self.apply(*pair) for pair in zip(windows, draws, strict=True)]
        return {name: torch.stack([example[name] for example in made]) for name in made[0]}

    @abstractmethod
    def head(self, spec: EncoderSpec) -> nn.Module:
        """Return what turns features into answers.

        Called with the levels of the encoder, whose batch is all views of all examples, and the
        number of examples.
        """

    @abstractmethod
    def outcome(self, answer: Any, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the loss and the accuracy of the head's answer to a batch of examples."""

    def weight(self, batch: Mapping[str, Tensor]) -> float:
        """Return how much the loss of a batch counts in that of a larger one."""
        return float(len(batch["views"]))

    def answers(self, batch_size: int) -> int:
        """Return how many answers the accuracy of a batch counts; one for each example."""
        return batch_size

    @abstractmethod
    def chance(self, batch_size: int) -> float:
        """Return the accuracy of guessing."""

    @abstractmethod
    def preview(self, draw: Draw, example: Example) -> list[Picture]:
        """Return the network's inputs, with what they are in words."""
