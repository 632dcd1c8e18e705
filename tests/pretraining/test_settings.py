"""Settings and presets, which a form reads before torch is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from napari_salient.errors import InputError
from napari_salient.pretraining.presets import published


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
