"""Labels for the slices between two labelled ones, and how far they can be trusted."""

from napari_salient.active_learning.interpolation.between import METHODS, Method, interpolate
from napari_salient.active_learning.interpolation.pseudo import MAX_GAP, PseudoSlices, pseudo_slices
from napari_salient.active_learning.interpolation.quality import (
    LONGEST_GAP,
    InterpolationQuality,
    leave_one_out,
)

__all__ = [
    "LONGEST_GAP",
    "MAX_GAP",
    "METHODS",
    "InterpolationQuality",
    "Method",
    "PseudoSlices",
    "interpolate",
    "leave_one_out",
    "pseudo_slices",
]
