"""Whatever is wrong with a file, it is one sentence that names the file, and nothing is changed."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_salient.data.volumes import load_image, read_header
from napari_salient.errors import InputError

VOXELS = np.arange(60, dtype=np.int16).reshape(3, 4, 5)


def nifti_bytes(voxels=VOXELS, affine=None, **fields):
    """A NIfTI file; `fields` are written into its header as they are."""
    image = nib.Nifti1Image(voxels, np.eye(4) if affine is None else affine)
    content = bytearray(image.to_bytes())
    header = nib.Nifti1Header(bytes(content[:348]))
    for name, value in fields.items():
        header[name] = value
    return header.binaryblock + bytes(content[348:])


def without_rows(**fields):
    """A file whose geometry is its quaternion or, with both codes zero, its voxel size."""
    return nifti_bytes(sform_code=0, **fields)


def with_dimensions(*lengths, **fields):
    dim = np.ones(8, np.int16)
    dim[: len(lengths) + 1] = len(lengths), *lengths
    return nifti_bytes(dim=dim, **fields)


COLOUR = np.zeros((3, 4, 5), [("R", "u1"), ("G", "u1"), ("B", "u1")])
NOT_A_NUMBER = np.where(VOXELS == 7, np.nan, VOXELS).astype(np.float32)
HUGE = with_dimensions(30_000, 30_000, 30_000)

FAULTS = {
    "NaN": ("a.nii.gz", gzip.compress(nifti_bytes(NOT_A_NUMBER)), r"infinite voxels \(1 of 60\)"),
    "infinite": ("a.nii", nifti_bytes(np.full((3, 4, 5), np.inf, np.float32)), "60 of 60"),
    "too large": ("a.nii", nifti_bytes(np.full((3, 4, 5), 1e300)), "60 of 60"),
    "one slice": ("a.nii", nifti_bytes(VOXELS[:, :, :1]), "single slice"),
    "one column": ("a.nii", nifti_bytes(VOXELS[:1]), "single slice"),
    "2D": ("a.nii", nifti_bytes(VOXELS[0]), "2 axes"),
    "5D": ("a.nii", nifti_bytes(VOXELS[..., None, None].repeat(2, -1)), "5 axes"),
    "zero size": ("a.nii", with_dimensions(3, 0, 5), "no voxels"),
    "no channels": ("a.nii", with_dimensions(3, 4, 5, 0), "no voxels"),
    "negative size": ("a.nii", with_dimensions(3, -4, 5), "no voxels"),
    "complex": ("a.nii", nifti_bytes(VOXELS.astype(np.complex64)), "complex voxels"),
    "colour": ("a.nii", nifti_bytes(COLOUR), "colour voxels"),
    "unknown type": ("a.nii", nifti_bytes(datatype=1234), "damaged header"),
    "wrong suffix": ("a.mha", b"ObjectType = Image", "does not end in .nii"),
    "NIfTI with a wrong suffix": ("a.img", nifti_bytes(), "does not end in .nii"),
    "empty": ("a.nii", b"", "within its header"),
    "empty gzip": ("a.nii.gz", b"", "within its header"),
    "text": ("a.nii", b"not an image" * 100, "not a NIfTI volume"),
    "gzipped text": ("a.nii.gz", gzip.compress(b"not an image" * 100), "not a NIfTI volume"),
    "not gzipped": ("a.nii.gz", nifti_bytes(), "not intact gzip"),
    "gzipped without saying so": ("a.nii", gzip.compress(nifti_bytes()), "is gzip-compressed"),
    "half a header": ("a.nii", nifti_bytes()[:200], "within its header"),
    "truncated": ("a.nii", nifti_bytes()[:-1], "truncated"),
    "truncated gzip": ("a.nii.gz", gzip.compress(nifti_bytes())[:-20], "truncated"),
    "gzip of truncated": ("a.nii.gz", gzip.compress(nifti_bytes()[:-1]), "truncated"),
    "absurd size": ("a.nii", HUGE, "truncated"),
    "absurd size in gzip": ("a.nii.gz", gzip.compress(HUGE), "truncated"),
    "header of a pair": ("a.nii", nifti_bytes(magic=b"ni1"), "pair"),
    "Analyze": ("a.nii", nifti_bytes(magic=b""), "damaged header"),
    "voxels before the header": ("a.nii", nifti_bytes(vox_offset=16), "damaged header"),
    "voxels nowhere": ("a.nii", nifti_bytes(vox_offset=np.nan), "damaged header"),
    "voxels behind the end": ("a.nii", nifti_bytes(vox_offset=1e9), "truncated"),
    "half a scaling": ("a.nii", nifti_bytes(scl_slope=1, scl_inter=np.inf), "damaged header"),
    "flat rows": ("a.nii", nifti_bytes(srow_x=0), "no volume"),
    "parallel rows": ("a.nii", nifti_bytes(srow_x=[1, 1, 0, 0], srow_y=[1, 1, 0, 0]), "no volume"),
    "rows that are no numbers": ("a.nii", nifti_bytes(srow_x=np.nan), "no volume"),
    "bad quaternion": ("a.nii", without_rows(qform_code=1, quatern_b=3), "damaged header"),
}


def use(path):
    return load_image(read_header(path))


@pytest.mark.parametrize(("name", "content", "phrase"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_sentence_and_nothing_changes(tmp_path, name, content, phrase):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=phrase) as refusal:
        use(path)
    sentence = str(refusal.value)
    assert str(path) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match=r"none\.nii does not exist"):
        use(tmp_path / "none.nii")


def test_a_folder_is_a_sentence(tmp_path):
    (tmp_path / "a.nii").mkdir()
    with pytest.raises(InputError, match=r"a\.nii is a folder"):
        use(tmp_path / "a.nii")


def test_a_file_that_may_not_be_read_is_a_sentence(tmp_path):
    (tmp_path / "a.nii").symlink_to("/proc/self/mem")
    with pytest.raises(InputError, match="cannot be read"):
        use(tmp_path / "a.nii")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_file_cut_off_anywhere_is_refused(tmp_path, name):
    whole = nifti_bytes() if name == "a.nii" else gzip.compress(nifti_bytes())
    path = tmp_path / name
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            use(path)
    path.write_bytes(whole)
    assert np.array_equal(use(path)[0, ::-1, ::-1, ::-1].T, VOXELS)


def test_a_changed_byte_in_gzip_is_found_by_its_checksum(tmp_path):
    stored = bytearray(gzip.compress(nifti_bytes(), compresslevel=0))
    stored[-20] ^= 1
    (tmp_path / "a.nii.gz").write_bytes(stored)
    with pytest.raises(InputError, match="CRC"):
        use(tmp_path / "a.nii.gz")


@settings(max_examples=500)
@given(
    st.lists(st.tuples(st.integers(0, 347), st.integers(0, 255)), min_size=1, max_size=6),
    st.booleans(),
)
def test_no_damage_to_a_header_is_more_than_a_sentence(changes, compressed):
    content = bytearray(nifti_bytes())
    for place, value in changes:
        content[place] = value
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.nii.gz" if compressed else "a.nii")
        path.write_bytes(gzip.compress(content) if compressed else content)
        try:
            image = use(path)
        except InputError:
            return
    assert image.ndim == 4
