"""An encoder with the head of a proxy task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from napari_salient.pretraining.encoder import Encoder

if TYPE_CHECKING:
    from napari_salient.pretraining.proxy import Proxy
    from napari_salient.pretraining.spec import EncoderSpec


class ProxyModel(nn.Module):
    """What a pretraining trains; only its ``encoder`` is of use afterwards."""

    def __init__(self, spec: EncoderSpec, proxy: Proxy[Any]) -> None:
        super().__init__()
        self.encoder = Encoder(spec)
        self.head = proxy.head(spec)

    def forward(self, views: Tensor) -> Any:
        """Return the head's answer to views (example, view, channel, *sides)."""
        return self.head(self.encoder(views.flatten(0, 1)), len(views))
