from __future__ import annotations

import pytest

from napari_salient.engine import device
from napari_salient.engine.device import check_precision, pick_device
from napari_salient.errors import InputError


@pytest.mark.parametrize(
    ("present", "expected"),
    [(["cuda", "cpu"], "cuda"), (["mps", "cpu"], "mps"), (["cpu"], "cpu")],
)
def test_auto_takes_the_fastest_device(monkeypatch, present, expected):
    monkeypatch.setattr(device, "_present", lambda: present)
    assert pick_device("auto") == expected
    assert pick_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["cuda", "mps", "tpu"])
def test_absent_device_is_refused_not_replaced(monkeypatch, name):
    monkeypatch.setattr(device, "_present", lambda: ["cpu"])
    with pytest.raises(InputError, match=f"'{name}' is not available"):
        pick_device(name)


def test_half_precision_needs_cuda():
    check_precision("16-mixed", "cuda")
    check_precision("bf16-mixed", "cpu")
    with pytest.raises(InputError, match="needs a CUDA device"):
        check_precision("16-mixed", "mps")


def test_cpu_is_always_present():
    assert pick_device("cpu") == "cpu"
