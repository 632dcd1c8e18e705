"""Maps (uncertainty, heatmap, attention) as ordinary napari layers in the right place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image, Layer

from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

OPACITY = 0.6
PLACEMENT = ("scale", "translate", "rotate", "shear", "units", "axis_labels")


def show_map(
    viewer: Any,
    values: np.ndarray,
    like: Layer | Sequence[float],
    name: str,
    colormap: str = "inferno",
    limits: tuple[float, float] = (0.0, 1.0),
    *,
    blending: str = "additive",
) -> Image:
    """Show a map over the image it belongs to, or show its new values.

    The map lies just above that image, below its labels, and the selected layer stays selected, so
    that whoever paints can go on.

    Parameters
    ----------
    viewer
        napari's viewer.
    values
        The map, of the image's shape; NaN is not drawn.
    like
        The layer that the map lies on, whose scale, affine and units it takes; or a scale, one
        number for each axis.
    name
        What the map is, such as ``"uncertainty (entropy, round 3)"``. A map of this name that is
        already shown is changed in place, so that the user's own settings of it stay.
    colormap
        Any of napari's colormaps. With additive blending it should begin in black.
    limits
        The values at the ends of the colour bar.
    blending
        napari's blending mode.

    Raises
    ------
    InputError
        If the shape of the map is not that of the layer, or the scale has not one number an axis.
    """
    placement = _placement(values, like, name)
    shown = next((layer for layer in viewer.layers if layer.name == name), None)
    if isinstance(shown, Image) and shown.data.shape == values.shape:
        shown.data = values
        for attribute, value in placement.items():
            setattr(shown, attribute, value)
        return shown
    if shown is not None:
        viewer.layers.remove(name)
    active = viewer.layers.selection.active
    layer = viewer.add_image(
        values,
        name=name,
        colormap=colormap,
        contrast_limits=limits,
        opacity=OPACITY,
        blending=blending,
        interpolation2d="nearest",
        **placement,
    )
    layer.colorbar.visible = True
    if isinstance(like, Layer):
        viewer.layers.move(viewer.layers.index(layer), viewer.layers.index(like) + 1)
    if active is not None and active in viewer.layers:
        viewer.layers.selection.active = active
    return layer


def _placement(values: np.ndarray, like: Layer | Sequence[float], name: str) -> dict[str, Any]:
    if isinstance(like, Layer):
        if values.shape != like.data.shape:
            raise InputError(
                f"The map “{name}” has the shape {values.shape} and the layer “{like.name}” "
                f"{like.data.shape}; compute the map for this layer."
            )
        return {key: getattr(like, key) for key in PLACEMENT} | {"affine": like.affine}
    if len(like) != values.ndim:
        raise InputError(
            f"The map “{name}” has {values.ndim} axes and its scale {len(like)} numbers; "
            "give one for each axis."
        )
    return {"scale": tuple(like)}
