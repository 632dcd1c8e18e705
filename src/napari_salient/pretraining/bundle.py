"""A pretrained encoder in the layout of a MONAI bundle, to be given away."""

from __future__ import annotations

import dataclasses
import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from napari_salient import __version__
from napari_salient.engine.atomic import write_atomically
from napari_salient.engine.checkpoint import load_checkpoint, save_checkpoint
from napari_salient.engine.events import Step
from napari_salient.engine.run import Run, read_events
from napari_salient.errors import InputError
from napari_salient.pretraining.features import encoder_of
from napari_salient.pretraining.library import newest_checkpoint
from napari_salient.pretraining.shipped import WEIGHTS

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.pretraining.spec import PretrainingSpec

NOTICE = "Research use only. Not a medical device."
FIRST_LOSSES = 5
"""Steps whose losses a bundle keeps, so that whoever repeats the pretraining sees it soon."""


def write_bundle(run_dir: Path, folder: Path) -> Path:
    """Write the encoder of a pretraining run into a new folder; return the file of its weights.

    Raises
    ------
    InputError
        If the folder holds something.
    RunError
        If the run has no checkpoint, or it is damaged or of something else.
    """
    if any(path.is_file() for path in (folder, *folder.rglob("*"))):
        raise InputError(f"{folder} is not empty; choose a new folder for the bundle.")
    checkpoint = newest_checkpoint(run_dir)
    encoder, spec = encoder_of(checkpoint)
    stored = load_checkpoint(checkpoint)
    facts = {
        "spec": spec.to_json(),
        "settings": _settings(run_dir),
        "steps": stored.step,
        "metrics": stored.meta.get("metrics") or {},
        "first_losses": _first_losses(run_dir),
    }
    tensors = {f"encoder.{name}": tensor for name, tensor in encoder.state_dict().items()}
    meta = {"step": stored.step, "metrics": facts["metrics"]}
    task = {"pretraining": spec.to_json(), "learned": stored.task.get("learned", "")}
    save_checkpoint(folder / WEIGHTS, tensors, {"task": task}, meta)
    files = {
        "configs/metadata.json": _json(_metadata(spec, facts)),
        "configs/inference.json": _json(_inference(spec)),
        "docs/README.md": _readme(spec, facts),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, text.encode())
    return folder / WEIGHTS


def _settings(run_dir: Path) -> dict[str, Any]:
    """Return the settings of a run without the place of its pool on this machine."""
    settings = Run.open(run_dir).settings()
    return {name: value for name, value in settings.items() if name != "pool"}


def _first_losses(run_dir: Path) -> list[float]:
    steps = (event.loss for _, event in read_events(run_dir) if isinstance(event, Step))
    return list(islice(steps, FIRST_LOSSES))


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=1) + "\n"


def _metadata(spec: PretrainingSpec, facts: dict[str, Any]) -> dict[str, Any]:
    import monai
    import numpy as np
    import torch

    return {
        "version": "1.0.0",
        "changelog": {"1.0.0": "first release"},
        "monai_version": monai.__version__,
        "pytorch_version": torch.__version__,
        "numpy_version": np.__version__,
        "required_packages_version": {"napari-salient": __version__},
        "name": f"{spec.spatial_dims}D encoder",
        "task": "Encoder to start a segmentation model from",
        "description": _description(spec),
        "authors": "The napari-salient developers",
        "copyright": "See docs/README.md",
        "intended_use": NOTICE,
        "network_data_format": {"inputs": _inputs(spec), "outputs": _outputs(spec)},
        "pretraining": facts,
    }


def _description(spec: PretrainingSpec) -> str:
    return f"Contracting half of a U-Net, taught by {spec.task} on {spec.volumes} volumes."


def _inputs(spec: PretrainingSpec) -> dict[str, Any]:
    return {
        "image": {
            "type": "image",
            "format": "magnitude",
            "num_channels": spec.encoder.in_channels,
            "spatial_shape": [f">= {side}" for side in spec.encoder.least],
            "dtype": "float32",
            "value_range": [],
            "is_patch_data": False,
            "channel_def": _channels(spec),
        }
    }


def _channels(spec: PretrainingSpec) -> dict[str, str]:
    offsets = [0] if spec.strides else range(-spec.context, spec.context + 1)
    named = [
        f"image channel {channel}" + (f", slice {offset:+}" if offset else "")
        for channel in range(spec.channels)
        for offset in offsets
    ]
    return dict(zip(map(str, range(len(named))), named, strict=True))


def _outputs(spec: PretrainingSpec) -> dict[str, Any]:
    return {
        "features": {
            "type": "feature",
            "format": "one map for each level, the finest first",
            "num_channels": spec.encoder.features,
            "dtype": "float32",
        }
    }


def _inference(spec: PretrainingSpec) -> dict[str, Any]:
    encoder = {
        "_target_": "napari_salient.pretraining.spec.EncoderSpec",
        **dataclasses.asdict(spec.encoder),
    }
    return {
        "imports": ["$import pathlib", "$import napari_salient.pretraining.features as features"],
        "bundle_root": ".",
        "network_def": {"_target_": "napari_salient.pretraining.encoder.Encoder", "spec": encoder},
        "network": f"$features.encoder_of(pathlib.Path(@bundle_root, '{WEIGHTS.as_posix()}'))[0]",
    }


def _readme(spec: PretrainingSpec, facts: dict[str, Any]) -> str:
    metrics = "".join(f"| {name} | {value:.4g} |\n" for name, value in facts["metrics"].items())
    z, y, x = spec.spacing
    return f"""# {spec.spatial_dims}D encoder, taught by {spec.task}

{NOTICE} {_description(spec)} Write here where the volumes come from and on what terms.

| | |
|---|---|
| plane | {spec.plane} |
| channels | {spec.channels} |
| neighbouring slices on each side | {spec.context} |
| width | {spec.width} |
| spacing of the volumes (z, y, x) | {z:.3g}, {y:.3g}, {x:.3g} mm |
| intensities | {spec.normalisation} |
| steps | {facts["steps"]} |
{metrics}
`configs/metadata.json` has all settings of the pretraining. A segmentation model starts from it
with `napari-salient finetune IMAGES LABELS --from THIS_FOLDER`.
"""
