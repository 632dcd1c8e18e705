"""The proxy tasks by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_salient.pretraining.cpc import Cpc
from napari_salient.pretraining.exemplar import Exemplar
from napari_salient.pretraining.jigsaw import Jigsaw
from napari_salient.pretraining.masked import Masked
from napari_salient.pretraining.relative_location import RelativeLocation
from napari_salient.pretraining.rotation import Rotation

if TYPE_CHECKING:
    from napari_salient.pretraining.geometry import Geometry
    from napari_salient.pretraining.proxy import Proxy
    from napari_salient.pretraining.settings import PretrainingSettings, TaskName

TASKS: dict[TaskName, type[Proxy[Any]]] = {
    "rotation": Rotation,
    "jigsaw": Jigsaw,
    "relative_location": RelativeLocation,
    "cpc": Cpc,
    "exemplar": Exemplar,
    "masked": Masked,
}


def proxy_task(settings: PretrainingSettings, geometry: Geometry) -> Proxy[Any]:
    """Return the proxy task that the settings name.

    Raises
    ------
    InputError
        If the volumes are too small for it.
    """
    match settings.task:
        case "rotation":
            return Rotation(geometry)
        case "jigsaw":
            return Jigsaw(geometry, settings.jigsaw)
        case "relative_location":
            return RelativeLocation(geometry, settings.relative_location)
        case "cpc":
            return Cpc(geometry, settings.cpc)
        case "exemplar":
            return Exemplar(geometry, settings.exemplar)
        case "masked":
            return Masked(geometry, settings.masked)
