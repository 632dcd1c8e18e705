"""Settings and presets, which a form reads before torch is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_salient.errors import InputError
from napari_salient.pretraining.intake import PoolFiles
from napari_salient.pretraining.presets import examples_in, published


def test_what_a_form_needs_does_not_load_torch():
    modules = ("settings", "presets", "alarms", "spec", "geometry", "pool")
    imports = "; ".join(f"import napari_salient.pretraining.{name}" for name in modules)
    code = f"import sys; {imports}; print('torch' in sys.modules, 'monai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_published_settings_are_those_of_the_paper_and_its_library():
    jigsaw = published("jigsaw", 3, examples=210)
    assert (jigsaw.batch_size, jigsaw.width, jigsaw.crop) == (8, 16, 128)
    assert (jigsaw.fit.learning_rate, jigsaw.fit.steps) == (1e-4, 27_000)
    assert jigsaw.jigsaw.permutations == 100
    assert published("cpc", 2, examples=2600).cpc.loss == "binary"
    assert published("exemplar", 2, examples=64).exemplar.margin == 1.0


def test_masked_reconstruction_was_not_published_there():
    with pytest.raises(InputError, match="no published settings for masked"):
        published("masked", 3, examples=10)


def test_an_epoch_is_every_slice_volume_or_picture_that_is_learned_from(write_volume):
    volumes = [write_volume(f"{n}.nii.gz", np.zeros((4, 5, 6 + n))) for n in range(3)]
    files = PoolFiles(tuple(volumes[1:]), tuple(volumes[:1]))
    slices = {plane: examples_in(files, 2, plane) for plane in ("axial", "coronal", "sagittal")}
    assert sorted(slices.values()) == [4 + 4, 5 + 5, 7 + 8]
    assert examples_in(files, 3, "axial") == 2
    assert examples_in(PoolFiles((Path("a.png"), Path("b.png")), ()), 2, "axial") == 2
