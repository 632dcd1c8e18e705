from __future__ import annotations

import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from napari_salient.data.discover import case_name, find_volumes, pair_labels
from napari_salient.data.label_values import UNSURE
from napari_salient.data.labels import read_labels, write_labels
from napari_salient.data.volumes import read_header
from napari_salient.errors import InputError

SHAPE = (3, 4, 5)
STORED = np.random.default_rng(0).integers(0, 4, SHAPE, np.uint8)
"""Labels in the axis order of the file."""

axis_orders = st.tuples(st.permutations(range(3)), st.tuples(*[st.sampled_from((-1.0, 1.0))] * 3))
codes = st.sampled_from([(0, 0), (1, 0), (0, 1), (1, 1), (2, 4), (1, 3)])


@st.composite
def affines(draw):
    """All axis orders and directions, any angle and spacing."""
    order, signs = draw(axis_orders)
    turn = Rotation.from_euler("xyz", draw(st.tuples(*[st.floats(-180, 180)] * 3)), degrees=True)
    spacing = draw(st.tuples(*[st.floats(0.1, 9)] * 3))
    affine = np.eye(4)
    affine[:3, :3] = turn.as_matrix() @ (np.eye(3)[:, order] * signs * spacing)
    affine[:3, 3] = draw(st.tuples(*[st.floats(-300, 300)] * 3))
    return affine


def save_image(path, affine, *, codes=(1, 1), kind=nib.Nifti1Image, shape=SHAPE):
    """Save an image without interest; its codes are those of (qform, sform)."""
    image = kind(np.zeros(shape, np.int16), affine)
    image.set_qform(affine, codes[0])
    image.set_sform(affine, codes[1])
    nib.save(image, path)
    return read_header(path)


def as_shown(stored, affine):
    """Display orientation, by nibabel."""
    canonical = nib.as_closest_canonical(nib.Nifti1Image(stored, affine))
    return np.asarray(canonical.dataobj)[::-1, ::-1, ::-1].T


@pytest.fixture
def header(tmp_path):
    (tmp_path / "images").mkdir()
    return save_image(tmp_path / "images" / "a.nii.gz", np.diag([1.0, 2.0, 3.0, 1.0]))


def save_labels(path, stored, affine):
    nib.save(nib.Nifti1Image(stored, affine), path)
    return path


@settings(max_examples=150)
@given(affines(), codes, st.sampled_from(["l.nii", "l.nii.gz"]), st.booleans(), st.booleans())
def test_labels_lie_on_the_image_voxel_for_voxel(affine, codes, name, channels, second_version):
    kind = nib.Nifti2Image if second_version else nib.Nifti1Image
    with TemporaryDirectory() as folder:
        image, target = Path(folder, "a.nii.gz"), Path(folder, name)
        header = save_image(
            image, affine, codes=codes, kind=kind, shape=(*SHAPE, 2) if channels else SHAPE
        )
        write_labels(target, as_shown(STORED, header.affine), header)
        source, written = nib.load(image), nib.load(target)
        assert type(written) is kind
        assert written.get_data_dtype() == np.uint8
        assert np.array_equal(np.asarray(written.dataobj), STORED)
        assert np.array_equal(written.affine, source.affine)
        for form in ("qform", "sform"):
            expected, code = getattr(source.header, f"get_{form}")(coded=True)
            found, same_code = getattr(written.header, f"get_{form}")(coded=True)
            assert code == same_code
            assert expected is None or np.array_equal(expected, found)
        assert written.header.get_zooms() == source.header.get_zooms()[:3]
        assert np.array_equal(read_labels(target, header), as_shown(STORED, header.affine))


@settings(max_examples=150)
@given(affines(), axis_orders)
def test_labels_in_another_axis_order_are_those_of_the_image(affine, order):
    with TemporaryDirectory() as folder:
        header = save_image(Path(folder, "a.nii"), affine)
        orientation = np.column_stack(order).astype(float)
        labels = nib.Nifti1Image(STORED, header.affine).as_reoriented(orientation)
        nib.save(labels, Path(folder, "l.nii"))
        shown = as_shown(STORED, header.affine)
        assert np.array_equal(read_labels(Path(folder, "l.nii"), header), shown)


def test_a_quaternion_that_differs_from_the_rows_stays_different(tmp_path):
    image = nib.Nifti1Image(np.zeros(SHAPE, np.int16), np.diag([1.0, 2.0, 3.0, 1.0]))
    image.set_qform(np.diag([-1.0, 2.0, 3.0, 1.0]), "scanner")
    image.set_sform(np.diag([1.0, 2.0, 3.0, 1.0]), "mni")
    nib.save(image, tmp_path / "a.nii")
    header = read_header(tmp_path / "a.nii")
    write_labels(tmp_path / "l.nii", np.zeros(header.shape, np.uint8), header)
    written = nib.load(tmp_path / "l.nii").header
    assert np.array_equal(written.get_qform(), np.diag([-1.0, 2.0, 3.0, 1.0]))
    assert (int(written["qform_code"]), int(written["sform_code"])) == (1, 4)


def test_a_big_endian_image_gets_labels_on_the_same_grid(tmp_path):
    affine = np.diag([1.5, -2.0, 3.0, 1.0])
    big = nib.Nifti1Header(endianness=">")
    nib.save(nib.Nifti1Image(np.zeros(SHAPE, ">i2"), affine, big), tmp_path / "a.nii")
    header = read_header(tmp_path / "a.nii")
    write_labels(tmp_path / "l.nii", as_shown(STORED, affine), header)
    written = nib.load(tmp_path / "l.nii")
    assert np.array_equal(written.affine, affine)
    assert np.array_equal(np.asarray(written.dataobj), STORED)


def test_the_unit_goes_along_and_free_text_does_not(tmp_path):
    image = nib.Nifti1Image(np.zeros(SHAPE, np.int16), np.eye(4))
    image.header.set_xyzt_units("micron", "sec")
    image.header["descrip"] = image.header["aux_file"] = image.header["db_name"] = b"JANE DOE"
    nib.save(image, tmp_path / "a.nii")
    header = read_header(tmp_path / "a.nii")
    write_labels(tmp_path / "l.nii", np.zeros(header.shape, np.uint8), header)
    assert b"JANE" not in (tmp_path / "l.nii").read_bytes()
    assert nib.load(tmp_path / "l.nii").header.get_xyzt_units()[0] == "micron"


def test_equal_labels_are_equal_files(header, tmp_path):
    for name in ("l.nii.gz", "m.nii.gz"):
        write_labels(tmp_path / name, np.ones(header.shape, np.uint8), header)
    assert (tmp_path / "l.nii.gz").read_bytes() == (tmp_path / "m.nii.gz").read_bytes()


def test_all_values_up_to_unsure_come_back(header, tmp_path):
    labels = np.random.default_rng(0).integers(0, 256, header.shape, np.uint8)
    write_labels(tmp_path / "l.nii.gz", labels, header)
    assert np.array_equal(read_labels(tmp_path / "l.nii.gz", header), labels)


def test_our_own_file_may_hold_unsure_alone(header, tmp_path):
    write_labels(tmp_path / "l.nii.gz", np.full(header.shape, UNSURE, np.uint8), header)
    assert (read_labels(tmp_path / "l.nii.gz", header) == UNSURE).all()


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "u2", "i8"])
def test_labels_of_other_programs_may_be_any_number_type(header, tmp_path, dtype):
    path = tmp_path / "l.nii.gz"
    nib.save(nib.Nifti1Image(STORED.astype(dtype), header.affine, dtype=dtype), path)
    assert np.array_equal(read_labels(path, header), as_shown(STORED, header.affine))


def test_labels_may_have_a_single_channel(header, tmp_path):
    path = save_labels(tmp_path / "l.nii.gz", STORED[..., None], header.affine)
    assert np.array_equal(read_labels(path, header), as_shown(STORED, header.affine))


def with_value(value, dtype="f4"):
    stored = STORED.astype(dtype)
    stored[1, 2, 3] = value
    return stored


@pytest.mark.parametrize(
    ("stored", "phrase"),
    [
        (with_value(1.5), "no whole number"),
        (with_value(np.nan), "no whole number"),
        (with_value(np.inf), "no whole number"),
        (with_value(-1), "value -1"),
        (with_value(256, "i2"), "value 256"),
        (with_value(1e9, "f8"), "value 1000000000"),
        ((STORED > 1).astype(np.uint8) * 255, "means unsure"),
        (np.zeros((3, 4, 6), np.uint8), "3 × 4 × 6 voxels but a.nii.gz has 3 × 4 × 5"),
        (np.zeros((5, 4, 3), np.uint8), "another grid"),
        (np.zeros((*SHAPE, 2), np.uint8), "2 channels"),
    ],
)
def test_what_is_no_labels_of_the_image_is_refused(header, tmp_path, stored, phrase):
    path = save_labels(tmp_path / "l.nii.gz", stored, header.affine)
    with pytest.raises(InputError, match=phrase) as refusal:
        read_labels(path, header)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize("shift_mm", [0.6, -30.0])
def test_labels_on_a_shifted_grid_are_refused(header, tmp_path, shift_mm):
    affine = header.affine.copy()
    affine[0, 3] += shift_mm
    with pytest.raises(InputError, match="another grid"):
        read_labels(save_labels(tmp_path / "l.nii.gz", STORED, affine), header)


@pytest.mark.parametrize(
    "labels",
    [
        np.zeros((5, 4, 4), np.uint8),
        np.zeros((1, 5, 4, 3), np.uint8),
        np.full((5, 4, 3), 256),
        np.full((5, 4, 3), -1),
        np.full((5, 4, 3), 1.0),
    ],
)
def test_an_array_that_is_no_labels_of_the_image_is_not_written(header, tmp_path, labels):
    with pytest.raises(InputError):
        write_labels(tmp_path / "l.nii.gz", labels, header)
    assert os.listdir(tmp_path) == ["images"]


@pytest.mark.parametrize(
    ("name", "phrase"),
    [("l.mha", "does not end"), ("nowhere/l.nii", "not a folder"), ("folder.nii", "is a folder")],
)
def test_a_target_that_cannot_be_is_refused(header, tmp_path, name, phrase):
    (tmp_path / "folder.nii").mkdir()
    with pytest.raises(InputError, match=phrase):
        write_labels(tmp_path / name, np.zeros(header.shape, np.uint8), header)


def itself(image, folder):
    return image


def symbolic_link(image, folder):
    (folder / "l.nii.gz").symlink_to(image)
    return folder / "l.nii.gz"


def hard_link(image, folder):
    (folder / "l.nii.gz").hardlink_to(image)
    return folder / "l.nii.gz"


@pytest.mark.parametrize("way", [itself, symbolic_link, hard_link])
def test_the_image_is_never_written_over(header, tmp_path, way):
    before = header.path.read_bytes()
    with pytest.raises(InputError, match="image itself"):
        write_labels(way(header.path, tmp_path), np.zeros(header.shape, np.uint8), header)
    assert header.path.read_bytes() == before


@pytest.mark.parametrize("foreign", ["image", "labels of another program", "no NIfTI"])
def test_only_a_file_of_ours_is_replaced(header, tmp_path, foreign):
    target = tmp_path / "l.nii.gz"
    if foreign == "no NIfTI":
        target.write_bytes(b"notes")
    else:
        save_labels(target, STORED if foreign != "image" else STORED * 1.5, header.affine)
    before = target.read_bytes()
    with pytest.raises(InputError, match="is kept"):
        write_labels(target, np.zeros(header.shape, np.uint8), header)
    assert target.read_bytes() == before


def test_our_own_labels_are_replaced(header, tmp_path):
    for value in (1, 2):
        write_labels(tmp_path / "l.nii.gz", np.full(header.shape, value, np.uint8), header)
    assert (read_labels(tmp_path / "l.nii.gz", header) == 2).all()
    assert sorted(os.listdir(tmp_path)) == ["images", "l.nii.gz"]


WATCHED = """
import os, sys
from pathlib import Path
import numpy as np
from napari_salient.data.labels import read_labels, write_labels
from napari_salient.data.volumes import load_image, load_slice, read_header

image, target = map(Path, sys.argv[1:])

def watch(event, details):
    if event == "open" and details[0] == str(image):
        assert not details[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT), details

sys.addaudithook(watch)
header = read_header(image)
load_image(header), load_slice(header, "axial", 0)
write_labels(target, np.zeros(header.shape, np.uint8), header)
read_labels(target, header)
"""


def test_the_image_is_never_opened_for_writing(header, tmp_path):
    command = [sys.executable, "-c", WATCHED, header.path, tmp_path / "l.nii.gz"]
    subprocess.run(command, check=True)
    assert (tmp_path / "l.nii.gz").exists()


@contextmanager
def files_may_not_grow_beyond(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_fails_half_way_leaves_the_old_labels(header, tmp_path):
    target = tmp_path / "l.nii"
    write_labels(target, np.ones(header.shape, np.uint8), header)
    with files_may_not_grow_beyond(380), pytest.raises(OSError, match="too large"):
        write_labels(target, np.zeros(header.shape, np.uint8), header)
    assert (read_labels(target, header) == 1).all()
    assert sorted(os.listdir(tmp_path)) == ["images", "l.nii"]


@pytest.mark.shared
def test_all_hippocampi_have_labels_on_their_grid(shared_data):
    folder = shared_data / "data" / "hippocampus"
    images = find_volumes(folder / "images")
    labels = pair_labels(images, folder / "labels")
    assert len(labels) == len(images)
    for path in images[::8]:
        found = read_labels(labels[case_name(path)], read_header(path))
        assert np.unique(found).tolist() == [0, 1, 2]
