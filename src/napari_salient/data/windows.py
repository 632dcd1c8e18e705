"""Windows for CT: which Hounsfield units (HU) run from black to white."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CtWindow:
    """A named range of Hounsfield units.

    Attributes
    ----------
    name : str
        What the window is for.
    centre, width : float
        Middle and extent of the range, in HU.
    """

    name: str
    centre: float
    width: float

    @property
    def limits(self) -> tuple[float, float]:
        """Return the HU shown black and white; napari's contrast limits."""
        return self.centre - self.width / 2, self.centre + self.width / 2


CT_WINDOWS = (
    CtWindow("brain", 40, 80),
    CtWindow("stroke", 35, 40),
    CtWindow("subdural", 75, 215),
    CtWindow("bone", 500, 2000),
    CtWindow("lung", -600, 1500),
    CtWindow("mediastinum", 50, 350),
    CtWindow("abdomen", 50, 400),
    CtWindow("liver", 60, 160),
    CtWindow("angiography", 300, 600),
)
"""Windows as radiologists commonly set them."""
