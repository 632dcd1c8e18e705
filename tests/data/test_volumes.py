from __future__ import annotations

import tracemalloc

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_salient.data.planes import PLANES, slice_of
from napari_salient.data.volumes import load_image, load_slice, load_slices, normalise, read_header
from napari_salient.errors import InputError

LPI = np.diag([-1.0, -2.0, -3.0, 1.0])
"""The affine of a file whose axes (x, y, z) already run as in the display."""

MEGABYTE = 1 << 20


def random_voxels(*shape):
    return np.random.default_rng(1).integers(-500, 2000, shape, np.int16)


def sparse_volume(path, shape):
    """A file of the right length for `shape` that takes no space on disk."""
    header = nib.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(np.uint8)
    header.set_sform(LPI, 1)
    header["vox_offset"] = 352
    path.write_bytes(header.binaryblock + bytes(4))
    with path.open("rb+") as stream:
        stream.truncate(352 + int(np.prod(shape)))
    return path


def peak_memory(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_header_tells_shape_spacing_and_axes(write_volume):
    path = write_volume("a.nii.gz", random_voxels(3, 4, 5), np.diag([0.5, 2.0, 3.0, 1.0]))
    header = read_header(path)
    assert (header.shape, header.channels, header.spacing) == ((5, 4, 3), 1, (3.0, 2.0, 0.5))
    assert (header.dtype, header.axes, header.source_shape) == ("int16", "RAS", (3, 4, 5))
    assert np.array_equal(header.affine, np.diag([0.5, 2.0, 3.0, 1.0]))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII.GZ"])
def test_an_image_is_float32_with_a_channel(write_volume, name):
    voxels = random_voxels(3, 4, 5)
    image = load_image(read_header(write_volume(name, voxels, LPI)))
    assert (image.shape, image.dtype) == ((1, 5, 4, 3), np.float32)
    assert np.array_equal(image[0], voxels.T)


def test_the_last_axis_of_a_4d_file_is_the_channel(write_volume):
    voxels = random_voxels(3, 4, 5, 2)
    header = read_header(write_volume("a.nii.gz", voxels, LPI))
    assert (header.channels, header.shape) == (2, (5, 4, 3))
    assert np.array_equal(load_image(header), np.moveaxis(voxels, -1, 0).transpose(0, 3, 2, 1))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 4, 5, 2)])
def test_a_slice_is_that_of_the_image(write_volume, name, plane, shape):
    oblique = np.array([[0.1, 2.0, 0.3, 9], [-1.0, 0.2, 0.1, 8], [0.1, 0.1, 3.0, 7], [0, 0, 0, 1]])
    header = read_header(write_volume(name, random_voxels(*shape), oblique))
    image = load_image(header)
    every = range(header.shape[PLANES.index(plane)])
    for index, together in zip(every, load_slices(header, plane, every), strict=True):
        assert np.array_equal(load_slice(header, plane, index), slice_of(image, plane, index))
        assert np.array_equal(together, slice_of(image, plane, index))


@pytest.mark.parametrize("index", [-1, 5])
def test_a_slice_that_is_not_there_is_refused(write_volume, index):
    header = read_header(write_volume("a.nii", random_voxels(3, 4, 5), LPI))
    with pytest.raises(InputError, match="5 axial slices"):
        load_slice(header, "axial", index)


def test_only_the_slice_is_read_of_an_uncompressed_gigabyte(tmp_path):
    header = read_header(sparse_volume(tmp_path / "a.nii", (1024, 1024, 1024)))
    load_slice(read_header(sparse_volume(tmp_path / "b.nii", (4, 4, 4))), "axial", 1)
    assert peak_memory(lambda: load_slice(header, "axial", 700)) < 20 * MEGABYTE


def test_a_volume_beyond_memory_is_refused_before_it_is_allocated(tmp_path):
    header = read_header(sparse_volume(tmp_path / "a.nii", (9000, 9000, 9000)))

    def load():
        with pytest.raises(InputError, match="GB of memory"):
            load_image(header)

    assert peak_memory(load) < MEGABYTE


def test_scaling_of_the_file_is_applied(tmp_path):
    image = nib.Nifti1Image(random_voxels(3, 4, 5), LPI)
    image.header.set_slope_inter(0.5, -1024)
    nib.save(image, tmp_path / "a.nii.gz")
    judge = nib.load(tmp_path / "a.nii.gz").get_fdata()
    assert np.allclose(load_image(read_header(tmp_path / "a.nii.gz"))[0], judge.T)


@pytest.mark.parametrize(
    ("unit", "spacing"),
    [("mm", (3, 2, 1)), ("unknown", (3, 2, 1)), ("micron", (0.003, 0.002, 0.001))],
)
def test_spacing_is_in_mm_whatever_the_file_counts_in(tmp_path, unit, spacing):
    image = nib.Nifti1Image(random_voxels(3, 4, 5), LPI)
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "a.nii")
    assert read_header(tmp_path / "a.nii").spacing == pytest.approx(spacing)


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "<f4", ">f8", "<i4", "u8"])
def test_every_number_type_and_byte_order_is_read(tmp_path, kind, dtype):
    voxels = np.arange(60).reshape(3, 4, 5)
    header = kind.header_class(endianness=">" if dtype.startswith(">") else "<")
    nib.save(kind(voxels.astype(dtype), LPI, header), tmp_path / "a.nii.gz")
    assert np.array_equal(load_image(read_header(tmp_path / "a.nii.gz"))[0], voxels.T)


def test_an_image_that_changed_after_its_header_was_read_is_refused(write_volume):
    header = read_header(write_volume("a.nii", random_voxels(3, 4, 5), LPI))
    write_volume("a.nii", random_voxels(4, 4, 5), LPI)
    with pytest.raises(InputError, match="changed"):
        load_image(header)


finite = arrays(np.float32, (2, 3, 4, 5), elements=st.integers(-1000, 1000))


@given(finite)
def test_normalised_channels_have_zero_mean_and_unit_deviation(image):
    for channel in normalise(image):
        assert channel.dtype == np.float32
        assert abs(channel.mean()) < 1e-4
        assert channel.std() == pytest.approx(1, abs=1e-3) or not channel.any()


@given(finite, st.sampled_from([0.01, 3.0, 10_000.0]), st.sampled_from([0.0, 50.0]))
def test_normalising_forgets_the_scanners_scale(image, gain, offset):
    wide = ((image.astype(np.float64) + offset) * gain).astype(np.float32)
    assert np.allclose(normalise(wide), normalise(image), atol=0.02)


def test_a_constant_channel_becomes_zeros():
    assert not normalise(np.full((1, 3, 4, 5), 1e6 + 0.1, np.float32)).any()


def test_a_few_bright_voxels_on_nothing_are_not_lost():
    image = np.zeros((1, 10, 10, 10), np.float32)
    image[0, 5, 5, 5] = 3
    assert normalise(image)[0, 5, 5, 5] > 1


def test_outliers_do_not_set_the_scale():
    image = np.random.default_rng(0).normal(size=(1, 20, 20, 20)).astype(np.float32)
    spoilt = image.copy()
    spoilt[0, 0, 0, :3] = 1e6
    assert np.allclose(normalise(spoilt)[0, 1:], normalise(image)[0, 1:], atol=0.1)
