"""Active learning against known labels: which strategy learns faster on this data."""

from napari_salient.active_learning.simulation.job import simulate

__all__ = ["simulate"]
