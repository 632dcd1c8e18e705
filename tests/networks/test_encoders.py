"""Encoders are cut where asked, and take weights from files that fit, and only from those."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file

from napari_salient.errors import InputError, RunError
from napari_salient.networks.encoder_weights import load_encoder
from napari_salient.networks.encoders import Encoder, build_encoder

if TYPE_CHECKING:
    from pathlib import Path


def colour_weights(encoder: str = "resnet18") -> dict[str, torch.Tensor]:
    """Return a state dict as of a published network: three channels, all levels, a classifier."""
    whole = build_encoder(encoder, 3, 32).layers.state_dict()
    torch.manual_seed(1)
    random = {name: torch.rand_like(t) for name, t in whole.items() if t.is_floating_point()}
    return random | {"fc.weight": torch.zeros(10, 512)}


@pytest.mark.parametrize(
    ("name", "stride", "channels"),
    [("tiny", 4, 32), ("resnet18", 8, 128), ("resnet34", 4, 64), ("resnet50", 16, 1024)],
)
@pytest.mark.parametrize("norm", ["batch", "group"])
def test_an_encoder_gives_a_cell_for_each_stride(
    name: str, stride: int, channels: int, norm: str
) -> None:
    encoder = build_encoder(name, 1, stride, norm)
    features = encoder(torch.randn(2, 1, 64, 96))
    assert features.shape == (2, channels, 64 // stride, 96 // stride)
    assert (encoder.channels, encoder.cells.stride) == (channels, stride)
    norms = {type(m) for m in encoder.modules() if "Norm" in type(m).__name__}
    assert norms == {torch.nn.BatchNorm2d if norm == "batch" else torch.nn.GroupNorm}


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_weights_for_colour_serve_grey_images_as_if_grey_were_given_three_times(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"resnet18.{suffix}"
    save = save_file if suffix == "safetensors" else torch.save
    save(colour_weights(), path)
    grey, colour = (build_encoder("resnet18", channels, 8).eval() for channels in (1, 3))
    for encoder in (grey, colour):
        load_encoder(encoder, path)
    image = torch.randn(1, 1, 64, 64)
    torch.testing.assert_close(grey(image), colour(image.expand(-1, 3, -1, -1)))


def test_weights_of_another_network_are_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "resnet50.safetensors"
    save_file(colour_weights("resnet50"), path)
    encoder = build_encoder("resnet18", 1, 8)
    before = [tensor.clone() for tensor in encoder.state_dict().values()]
    with pytest.raises(RunError, match=r"do not fit this encoder: layer1\.0\.conv1\.weight"):
        load_encoder(encoder, path)
    assert all(map(torch.equal, before, encoder.state_dict().values()))


def test_weights_made_for_batch_norm_are_refused_by_group_norm(tmp_path: Path) -> None:
    path = tmp_path / "resnet18.safetensors"
    save_file(colour_weights(), path)
    with pytest.raises(RunError, match="running_mean has no place here and"):
        load_encoder(build_encoder("resnet18", 1, 8, "group"), path)


def test_files_that_hold_no_weights_are_refused(tmp_path: Path) -> None:
    encoder: Encoder = build_encoder("tiny", 1, 4)
    (broken := tmp_path / "broken.pth").write_bytes(b"not a file of torch")
    (cut := tmp_path / "cut.safetensors").write_bytes(b"{}")
    other = tmp_path / "other.pth"
    torch.save([1, 2], other)
    for path in (broken, cut, tmp_path / "absent.pth", other):
        with pytest.raises(RunError, match=path.name):
            load_encoder(encoder, path)


def test_code_in_a_weight_file_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save(torch.nn.Linear(1, 1), path)
    with pytest.raises(RunError, match="cannot be read"):
        load_encoder(build_encoder("tiny", 1, 4), path)


def test_encoders_and_strides_that_do_not_exist_are_refused() -> None:
    with pytest.raises(InputError, match="choose tiny, resnet18, resnet34 or resnet50"):
        build_encoder("vgg", 1, 8)
    with pytest.raises(InputError, match="no level of stride 2; choose 4, 8, 16 or 32"):
        build_encoder("resnet18", 1, 2)
    with pytest.raises(InputError, match="no level of stride 8; choose 4"):
        build_encoder("tiny", 1, 8)
