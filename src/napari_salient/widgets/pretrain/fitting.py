"""Settings with which an encoder fits the segmentation model of a project."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_salient.project.layout import RUNS
from napari_salient.project.manifest import read_settings
from napari_salient.widgets.label_volumes.remembered import remembered_settings
from napari_salient.widgets.settings_form import label_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.pretraining.settings import PretrainingSettings


FIXED = ("spatial_dims", "plane", "context", "width")
"""What an encoder has in common with the model that starts from it."""


def fitted(
    settings: PretrainingSettings, project: Path, session: LabellingSession | None
) -> PretrainingSettings:
    """Return the settings with plane, dimensions, context and width of a project's model.

    Parameters
    ----------
    settings
        What else there is to say.
    project
        The project's folder; its newest round says what the model is.
    session
        The open session, which says it better if it is this project's.

    Raises
    ------
    ProjectError
        If the folder cannot be read.
    """
    is_open = session is not None and session.project.folder.samefile(project)
    loop = session.settings if session and is_open else remembered_settings(project / RUNS)
    model = loop.segmentation
    return replace(
        settings,
        plane=read_settings(project).plane,
        spatial_dims=model.spatial_dims,
        context=model.context,
        width=model.width,
    )


def fit_text(settings: PretrainingSettings, of_model: PretrainingSettings) -> str:
    """Return whether an encoder will fit a project's model, in a sentence."""
    other = [name for name in FIXED if getattr(settings, name) != getattr(of_model, name)]
    if not other:
        return "Plane, dimensions, context and width are those of the project's model."
    wanted = ", ".join(f"{label_of(name).lower()} {getattr(of_model, name)}" for name in other)
    return f"The encoder will not fit the project's model as it is, which has {wanted}."
