from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

from napari_salient.data.napari_reader import get_reader
from napari_salient.data.napari_writer import write_labels_layer
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

RAS = np.diag([1.0, 2.0, 3.0, 1.0])


@pytest.fixture
def volume(tmp_path) -> Path:
    """A RAS volume of 4 x 5 x 6 voxels whose brightest voxel is the most superior left anterior."""
    voxels = np.zeros((4, 5, 6), np.float32)
    voxels[0, 4, 5] = 9
    path = tmp_path / "brain-01.nii.gz"
    nib.save(nib.Nifti1Image(voxels, RAS), path)
    return path


def read(path):
    reader = get_reader(str(path))
    assert reader is not None
    return reader(str(path))


def test_a_volume_becomes_an_image_in_display_orientation(volume):
    ((image, options, kind),) = read(volume)
    assert kind == "image"
    assert image.shape == (6, 5, 4)
    assert np.unravel_index(image.argmax(), image.shape) == (0, 0, 3)
    assert tuple(options["scale"]) == (3, 2, 1)
    assert options["name"] == "brain-01"


def test_channels_become_layers(tmp_path):
    from napari.components import ViewerModel

    path = tmp_path / "two.nii"
    nib.save(nib.Nifti1Image(np.random.default_rng(0).random((4, 5, 6, 2)), RAS), path)
    ((image, options, _),) = read(path)
    layers = ViewerModel().add_image(image, **options)
    assert [layer.data.shape for layer in layers] == [(6, 5, 4)] * 2
    assert [layer.name for layer in layers] == ["two [0]", "two [1]"]
    assert tuple(layers[0].scale) == (3, 2, 1)


def test_other_files_are_left_to_other_readers():
    assert get_reader("slide.tif") is None
    assert get_reader(["a.nii", "b.png"]) is None
    assert get_reader([]) is None
    assert get_reader(["a.nii", "B.NII.GZ"]) is not None


def test_a_broken_file_is_refused_with_its_name(tmp_path):
    path = tmp_path / "broken.nii.gz"
    path.write_bytes(b"no volume")
    with pytest.raises(InputError, match=r"broken\.nii\.gz"):
        read(path)


def test_labels_are_written_on_the_grid_of_their_volume(volume, tmp_path):
    labels = np.zeros((6, 5, 4), np.int64)
    labels[0, 0, 3] = 2
    target = tmp_path / "out.nii.gz"
    attributes = {"metadata": {"source": str(volume)}}
    assert write_labels_layer(str(target), labels, attributes) == [str(target)]
    written = nib.load(target)
    np.testing.assert_allclose(written.affine, RAS)
    assert np.argwhere(np.asarray(written.dataobj) == 2).tolist() == [[0, 4, 5]]


def test_labels_without_a_volume_come_back_as_they_were(tmp_path):
    labels = np.random.default_rng(0).integers(0, 4, (6, 5, 4)).astype(np.uint8)
    target = tmp_path / "own.nii.gz"
    write_labels_layer(str(target), labels, {"scale": (3, 2, 1), "metadata": {}})
    ((back, options, _),) = read(target)
    np.testing.assert_array_equal(back, labels)
    assert tuple(options["scale"]) == (3, 2, 1)


@pytest.mark.parametrize(
    ("labels", "word"),
    [(np.zeros((4, 4), int), "2 axes"), (np.full((2, 2, 2), 300), "above 255"),
     (np.full((2, 2, 2), -1), "below 0"), (np.zeros((2, 2, 2), int), "shape")],
)  # fmt: skip
def test_labels_that_do_not_fit_are_refused_and_nothing_is_written(volume, tmp_path, labels, word):
    target = tmp_path / "out.nii.gz"
    with pytest.raises(InputError, match=word):
        write_labels_layer(str(target), labels, {"metadata": {"source": str(volume)}})
    assert not target.exists()


def test_asking_for_a_reader_imports_neither_napari_nor_nibabel():
    code = (
        "import sys; from napari_salient.data.napari_reader import get_reader; get_reader('a.nii');"
        "sys.exit(any(m in sys.modules for m in ('napari', 'nibabel', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
