"""The panel "Pretrain": teach an encoder on volumes that nobody has labelled."""

from napari_salient.widgets.pretrain.panel import Pretrain

__all__ = ["Pretrain"]
