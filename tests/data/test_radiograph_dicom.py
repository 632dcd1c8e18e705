"""Radiographs from DICOM: bright is dense, sizes in mm, and nothing that names the patient."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import DigitalIntraOralXRayImageStorageForPresentation, ExplicitVRLittleEndian

from napari_salient.data.radiographs import read_radiograph
from napari_salient.errors import InputError

VALUES = np.random.default_rng(0).integers(0, 4096, (20, 30), np.uint16)


def write(path, values=VALUES, **tags):
    """An intra-oral radiograph of 12 bits; `tags` replace or add to its own."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DigitalIntraOralXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    stored = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    own = {
        "PatientName": "Doe^Jane",
        "PatientID": "12345",
        "Modality": "IO",
        "Rows": values.shape[0],
        "Columns": values.shape[1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "PixelData": values.tobytes(),
    }
    for name, value in (own | tags).items():
        setattr(stored, name, value)
    stored.save_as(path, enforce_file_format=True)
    return path


def table(first, values):
    entry = pydicom.Dataset()
    entry.LUTDescriptor = [len(values), first, 16]
    entry.add_new("LUTData", "OW", np.asarray(values, "<u2").tobytes())
    return Sequence([entry])


def test_a_radiograph_says_bits_spacing_and_modality(tmp_path):
    read = read_radiograph(write(tmp_path / "film.dcm", ImagerPixelSpacing=[0.1, 0.2]))
    assert np.array_equal(read.image[0], VALUES.astype(np.float32))
    assert (read.bits, read.spacing, read.modality) == (12, (0.1, 0.2), "IO")


def test_the_suffix_does_not_matter(tmp_path):
    assert read_radiograph(write(tmp_path / "IM000001")).modality == "IO"


def test_nothing_that_names_the_patient_is_kept(tmp_path):
    read = read_radiograph(write(tmp_path / "film.dcm"))
    assert "Doe" not in repr(vars(read))
    assert "12345" not in repr(vars(read))


def test_distances_in_the_patient_come_before_those_at_the_detector(tmp_path):
    spacings = {"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.15, 0.15]}
    assert read_radiograph(write(tmp_path / "a.dcm", **spacings)).spacing == (0.15, 0.15)
    assert read_radiograph(write(tmp_path / "b.dcm", PixelSpacing=[0, 0])).spacing is None


def test_bright_is_dense_also_where_the_file_says_the_opposite(tmp_path):
    film = read_radiograph(write(tmp_path / "a.dcm"))
    inverse = VALUES.max() + VALUES.min() - VALUES
    other = write(tmp_path / "b.dcm", inverse, PhotometricInterpretation="MONOCHROME1")
    assert np.array_equal(read_radiograph(other).image, film.image)


def test_values_are_rescaled_and_windowed(tmp_path):
    path = write(
        tmp_path / "a.dcm",
        RescaleSlope=2,
        RescaleIntercept=-100,
        WindowCenter=2000,
        WindowWidth=1000,
    )
    image, rescaled = read_radiograph(path).image[0], VALUES * 2.0 - 100
    assert len(np.unique(image[rescaled < 1499])) == 1
    assert len(np.unique(image[rescaled > 2500])) == 1
    inside = (rescaled > 1500) & (rescaled < 2500)
    slope, residual = np.polyfit(rescaled[inside], image[inside], 1, full=True)[:2]
    assert slope[0] > 0
    assert residual[0] < 1e-2


def test_lookup_tables_are_applied_the_modality_s_first(tmp_path):
    halves = np.arange(4096) // 2
    squares = np.arange(2048) ** 2 // 64
    path = write(
        tmp_path / "a.dcm",
        ModalityLUTSequence=table(0, halves),
        VOILUTSequence=table(0, squares),
    )
    expected = (VALUES.astype(int) // 2) ** 2 // 64
    assert np.array_equal(read_radiograph(path).image[0], expected)


@pytest.mark.parametrize(
    ("name", "shape", "bits"),
    [
        ("CT_small.dcm", (1, 128, 128), 16),
        ("MR_small_RLE.dcm", (1, 64, 64), 16),
        ("MR_small_bigendian.dcm", (1, 64, 64), 16),
        ("MR_small_implicit.dcm", (1, 64, 64), 16),
        ("MR_small_jp2klossless.dcm", (1, 64, 64), 16),
        ("examples_rgb_color.dcm", (3, 240, 320), 8),
        ("examples_palette.dcm", (3, 350, 800), 8),
        ("SC_rgb_dcmtk_+eb+cy+n1.dcm", (3, 100, 100), 8),
    ],
)
def test_pydicom_s_own_files_are_read(name, shape, bits):
    read = read_radiograph(Path(get_testdata_file(name, download=False)))
    assert read.image.shape == shape
    assert read.bits == bits


def test_encodings_of_one_image_give_the_same_values():
    plain, *others = (
        read_radiograph(Path(get_testdata_file(f"MR_small{kind}.dcm", download=False))).image
        for kind in ("", "_RLE", "_bigendian", "_implicit", "_jp2klossless")
    )
    assert all(np.array_equal(plain, other) for other in others)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("test-SR.dcm", "is DICOM without a picture"),
        ("rtplan.dcm", "is DICOM without a picture"),
        ("examples_ybr_color.dcm", "has 30 frames; export the one that counts"),
        ("MR_truncated.dcm", "is damaged DICOM"),
        ("meta_missing_tsyntax.dcm", "is damaged DICOM"),
        ("MR_small_jpeg_ls_lossless.dcm", r"is compressed \(JPEG-LS Lossless.*python-gdcm"),
        ("JPEG-lossy.dcm", r"is compressed \(JPEG Extended"),
        ("SC_rgb_small_odd.dcm", "has 3 × 3 pixels, too few"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(name, sentence):
    path = Path(get_testdata_file(name, download=False))
    with pytest.raises(InputError, match=sentence) as refusal:
        read_radiograph(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_absurd_size_is_refused_before_memory_is_taken(tmp_path):
    with pytest.raises(InputError, match="too many for a radiograph"):
        read_radiograph(write(tmp_path / "a.dcm", Rows=65_000, Columns=65_000))


def test_one_value_alone_is_refused(tmp_path):
    with pytest.raises(InputError, match="has the value 9 alone"):
        read_radiograph(write(tmp_path / "a.dcm", np.full_like(VALUES, 9)))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(132, 900), st.integers(0, 255)), min_size=1, max_size=6))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_damage_is_more_than_a_sentence(changes):
    with TemporaryDirectory() as folder:
        path = write(Path(folder, "film.dcm"), WindowCenter=2000, WindowWidth=1000)
        damaged = bytearray(path.read_bytes())
        for place, value in changes:
            damaged[place] = value
        path.write_bytes(damaged)
        try:
            read = read_radiograph(path)
        except InputError:
            return
    assert read.image.ndim == 3
