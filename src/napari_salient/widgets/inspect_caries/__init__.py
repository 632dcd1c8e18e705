"""The panel "Inspect Caries"."""

from napari_salient.widgets.inspect_caries.panel import InspectCaries

__all__ = ["InspectCaries"]
