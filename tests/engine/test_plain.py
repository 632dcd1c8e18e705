from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from napari_salient.engine.events import FinishReason
from napari_salient.engine.plain import plain
from napari_salient.engine.settings import FitSettings


def test_everything_becomes_what_json_holds():
    values = {
        "path": Path("a"),
        "reason": FinishReason.COMPLETED,
        "shape": (1, 2),
        "numpy": np.float64(0.5),
        "torch": torch.tensor(3),
        1: None,
    }
    expected = {
        "path": "a",
        "reason": "completed",
        "shape": [1, 2],
        "numpy": 0.5,
        "torch": 3,
        "1": None,
    }
    assert plain(values) == expected
    assert json.loads(json.dumps(plain(values))) == expected
    assert type(plain(FinishReason.COMPLETED)) is str
    assert type(plain(np.float64(0.5))) is float


def test_settings_become_a_dict_that_makes_them_again():
    assert FitSettings(**plain(FitSettings(steps=5))) == FitSettings(steps=5)
