"""Whether further labelling still pays: three signals with their numbers, and what they advise."""

from napari_salient.active_learning.stopping.advice import (
    ADVICE_PROVEN,
    Basis,
    StopAdvice,
    advise,
    in_minutes,
)
from napari_salient.active_learning.stopping.curve import Forecast, forecast
from napari_salient.active_learning.stopping.lead import Comparison, compare, lead_sentence
from napari_salient.active_learning.stopping.signals import (
    FEWEST_AUDIT_SLICES,
    STABLE,
    Agreement,
    draw_probe,
    is_stable,
    prequential_agreement,
    stability,
)

__all__ = [
    "ADVICE_PROVEN",
    "FEWEST_AUDIT_SLICES",
    "STABLE",
    "Agreement",
    "Basis",
    "Comparison",
    "Forecast",
    "StopAdvice",
    "advise",
    "compare",
    "draw_probe",
    "forecast",
    "in_minutes",
    "is_stable",
    "lead_sentence",
    "prequential_agreement",
    "stability",
]
