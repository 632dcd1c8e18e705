"""Active learning against known labels: which strategy learns faster on this data."""

from napari_salient.active_learning.simulation.job import simulate, simulate_decathlon

__all__ = ["simulate", "simulate_decathlon"]
