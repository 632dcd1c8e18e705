"""What the tests of the commands about pretraining share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import nibabel
import numpy as np
import pytest

from napari_salient.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make six small volumes in ``images`` with a block in each, in ``labels``; work there."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for number in range(6):
        truth = np.zeros((20, 20, 20), np.uint8)
        truth[4:10, 5:11, 2:9] = 1
        image = np.linspace(0, 2, 20)[:, None, None] + 3 * truth + rng.normal(size=truth.shape)
        for folder, voxels in (("images", image.astype(np.float32)), ("labels", truth)):
            path = tmp_path / folder / f"case-{number}.nii.gz"
            nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), path)
    return tmp_path


@pytest.fixture
def json_of(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict]:
    """Return a function that runs a command and returns its result."""

    def run(*words: str) -> dict:
        capsys.readouterr()
        assert main([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run
