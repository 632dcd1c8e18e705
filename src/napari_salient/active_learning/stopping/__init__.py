"""Whether further labelling still pays: three signals with their numbers, and what they advise."""

from napari_salient.active_learning.stopping.advice import StopAdvice, advise
from napari_salient.active_learning.stopping.curve import Forecast, forecast
from napari_salient.active_learning.stopping.signals import (
    Agreement,
    draw_probe,
    is_stable,
    prequential_agreement,
    stability,
)

__all__ = [
    "Agreement",
    "Forecast",
    "StopAdvice",
    "advise",
    "draw_probe",
    "forecast",
    "is_stable",
    "prequential_agreement",
    "stability",
]
