"""The panel "Label Volumes": label a pool of volumes slice by slice while a model learns."""

from napari_salient.widgets.label_volumes.panel import LabelVolumes

__all__ = ["LabelVolumes"]
