"""``project compare``: whether an encoder pays on the labels that a project has."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.cli.follow import exit_code, follow
from napari_salient.cli.output import show
from napari_salient.cli.run_folders import checkpoint_of, encoder_settings

if TYPE_CHECKING:
    from collections.abc import Mapping


def compare(
    project: Path,
    /,
    *,
    pretrained: Path,
    json: bool = False,
    output: Path | None = None,
    settings: SegmentationSettings,
) -> int:
    """Compare a pretrained encoder with training from scratch on a project's labels.

    Pairs of trainings on the accepted slices of the pool share their slices, batches and steps; a
    third of the patients, drawn anew for each pair, only measures. The panel does the same and
    shows what was found here.

    Parameters
    ----------
    project
        The project's folder, with accepted slices of at least two patients.
    pretrained
        Checkpoint of a pretraining, the folder of its run, of which the newest one is taken, or the
        name of a model that ships. Dimensions, context and width are those of this encoder.
    json
        Print JSON instead of a sentence.
    output
        Also write the JSON to this file.
    settings
        The model and its training.
    """
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.engine.control import Control
    from napari_salient.finetuning.kept_trials import keep_trial
    from napari_salient.finetuning.trial import try_encoder
    from napari_salient.project.project import Project

    control, checkpoint = Control(), checkpoint_of(pretrained)
    with Project.open(project) as opened:
        session = LabellingSession(opened, LoopSettings(segmentation=settings))
        trial = try_encoder(session, checkpoint, control)
        finished = follow(trial, control, "project compare")
        if not exit_code(finished):
            keep_trial(opened, checkpoint, finished.result)
            found = dataclasses.asdict(finished.result)
            show(found, finished.message, as_json=json, output=output)
    return exit_code(finished)


def given_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the encoder fixes; the plane is that of the project."""
    fixed = encoder_settings(Path(options["pretrained"])) if options["pretrained"] else {}
    return {name: value for name, value in fixed.items() if name != "plane"}
