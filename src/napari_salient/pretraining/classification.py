"""Proxy tasks whose answer is one of some classes."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import torch.nn.functional as F

from napari_salient.pretraining.heads import Classifier
from napari_salient.pretraining.proxy import Draw, Proxy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from napari_salient.pretraining.spec import EncoderSpec


class Classification(Proxy[Draw]):
    """A task whose examples have a ``label``, an int64 scalar.

    Attributes
    ----------
    views
        Views in an example.
    """

    views: int

    @property
    @abstractmethod
    def classes(self) -> int:
        """How many answers there are."""

    def head(self, spec: EncoderSpec) -> nn.Module:
        """Return a classifier of the views of an example together."""
        return Classifier(spec, self.views, self.classes)

    def outcome(self, answer: Tensor, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the cross-entropy and the share of right answers."""
        right = (answer.argmax(1) == batch["label"]).float().mean()
        return F.cross_entropy(answer, batch["label"]), right

    def chance(self, batch_size: int) -> float:
        """Return one over the number of classes."""
        return 1 / self.classes
