"""Radiographs from pictures: all bits kept, colours only where there are any, faults in words."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_salient.data.radiographs import (
    find_radiographs,
    normalise,
    read_radiograph,
    with_channels,
)
from napari_salient.errors import InputError

RNG = np.random.default_rng(0)
GREY8 = RNG.integers(0, 256, (20, 30), np.uint8)
GREY16 = RNG.integers(0, 65536, (20, 30), np.uint16)
COLOUR8 = RNG.integers(0, 256, (20, 30, 3), np.uint8)
COLOUR16 = RNG.integers(0, 65536, (20, 30, 3), np.uint16)


def png(values, **options):
    return encoded("PNG", values, **options)


def encoded(kind, values, **options):
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, kind, **options)
    return stream.getvalue()


def tiff(values, **options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, **options)
    return stream.getvalue()


def saved(folder, content, name="film"):
    path = folder / name
    path.write_bytes(content)
    return path


STORED = {
    "PNG": (png(GREY8), GREY8, 8),
    "PNG of 16 bits": (png(GREY16), GREY16, 16),
    "PNG in colours": (png(COLOUR8), COLOUR8, 8),
    "PNG with alpha": (png(np.dstack([GREY8, np.full_like(GREY8, 255)])), GREY8, 8),
    "TIFF": (tiff(GREY8), GREY8, 8),
    "TIFF of 16 bits": (tiff(GREY16), GREY16, 16),
    "compressed TIFF of 16 bits": (encoded("TIFF", GREY16, compression="tiff_lzw"), GREY16, 16),
    "TIFF of other byte order": (tiff(GREY16, byteorder=">"), GREY16, 16),
    "TIFF of numbers with a point": (tiff(GREY16 / np.float32(7)), GREY16 / np.float32(7), 32),
    "TIFF where white is 0": (tiff(GREY8, photometric="miniswhite"), 255 - GREY8, 8),
    "TIFF of 16 bits where white is 0": (
        tiff(GREY16, photometric="miniswhite"),
        GREY16.max() - GREY16,
        16,
    ),
    "TIFF in colours": (tiff(COLOUR8), COLOUR8, 8),
    "TIFF in colours of 16 bits": (tiff(COLOUR16), COLOUR16, 16),
    "TIFF of 16 bits, colour by colour": (
        tiff(np.moveaxis(COLOUR16, 2, 0), photometric="rgb", planarconfig="separate"),
        COLOUR16,
        16,
    ),
}


@pytest.mark.parametrize(("content", "values", "bits"), STORED.values(), ids=STORED)
def test_every_bit_that_is_stored_is_read(tmp_path, content, values, bits):
    read = read_radiograph(saved(tmp_path, content))
    expected = values[np.newaxis] if values.ndim == 2 else np.moveaxis(values, -1, 0)
    assert read.image.dtype == np.float32
    assert np.array_equal(read.image, expected.astype(np.float32))
    assert (read.bits, read.spacing, read.shape) == (bits, None, (20, 30))


def test_jpeg_is_read_as_near_as_jpeg_keeps_it(tmp_path):
    smooth = np.linspace(0, 255, 600).reshape(20, 30).astype(np.uint8)
    read = read_radiograph(saved(tmp_path, encoded("JPEG", smooth, quality=95)))
    assert np.abs(read.image[0] - smooth).max() < 8


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_grey_that_is_stored_in_colours_has_one_channel(tmp_path, kind):
    content = encoded(kind, np.dstack([GREY8] * 3))
    assert read_radiograph(saved(tmp_path, content)).image.shape == (1, 20, 30)


def test_a_palette_and_two_tones_are_read_as_what_they_show(tmp_path):
    picture = Image.fromarray(COLOUR8).convert("P", palette=Image.Palette.ADAPTIVE)
    shown = np.moveaxis(np.asarray(picture.convert("RGB")), -1, 0)
    picture.save(tmp_path / "palette.png")
    assert np.array_equal(read_radiograph(tmp_path / "palette.png").image, shown)
    tones = read_radiograph(saved(tmp_path, png(GREY8 > 99)))
    assert tones.bits == 1
    assert np.array_equal(tones.image[0] > 0, GREY8 > 99)


def test_channels_are_made_to_measure():
    grey, colour = np.ones((1, 2, 2), np.float32), np.ones((3, 2, 2), np.float32)
    colour[0] = 0
    assert with_channels(grey, 1) is grey
    assert with_channels(grey, 3).shape == (3, 2, 2)
    assert with_channels(colour, 1) == pytest.approx(np.full((1, 2, 2), 1 - 0.299))


@settings(deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_normalised_a_radiograph_is_the_same_whatever_its_gain_and_offset(gain, offset):
    film = GREY8[np.newaxis].astype(np.float32)
    changed = (film.astype(float) * gain + offset).astype(np.float32)
    assert normalise(changed) == pytest.approx(normalise(film), abs=2e-2)


def test_pictures_and_dicom_files_are_found(tmp_path):
    for name in ("b.PNG", "a.dcm", "c.tiff", "labels.csv", ".d.png"):
        saved(tmp_path, b"", name)
    assert [path.name for path in find_radiographs(tmp_path)] == ["a.dcm", "b.PNG", "c.tiff"]


FAULTS = {
    "empty": (b"", "cannot be read as a picture"),
    "text": (b"no picture" * 99, "cannot be read as a picture"),
    "truncated PNG": (png(GREY8)[:-200], "cannot be read as a picture"),
    "truncated JPEG": (encoded("JPEG", GREY8)[:-200], "truncated"),
    "truncated TIFF": (tiff(GREY8)[:-200], "cannot be read as a picture"),
    "a line": (png(GREY8[:3]), "has 30 × 3 pixels, too few for a radiograph"),
    "constant": (png(np.full_like(GREY8, 7)), "has the value 7 alone"),
    "pages": (tiff(np.stack([GREY8] * 4), photometric="minisblack"), "has several pictures"),
    "not a number": (tiff(np.where(GREY8 == 7, np.nan, GREY8).astype("f4")), "NaN or infinite"),
    "huge": (png(np.zeros((8200, 8200), np.uint8)), "has 8,200 × 8,200 pixels, too many"),
    "large beyond Pillow": (png(np.zeros((15_000, 12_500), bool)), "too many pixels|too many for"),
}


@pytest.mark.parametrize(("content", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_sentence(tmp_path, content, sentence):
    path = saved(tmp_path, content)
    with pytest.raises(InputError, match=sentence) as refusal:
        read_radiograph(path)
    assert str(path) in str(refusal.value)
    assert str(refusal.value).endswith(".")
    assert "\n" not in str(refusal.value)
    assert path.read_bytes() == content


def test_what_is_not_there_or_a_folder_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_radiograph(tmp_path / "none.png")
    with pytest.raises(InputError, match="is a folder"):
        read_radiograph(tmp_path)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([png(GREY16), tiff(COLOUR16), tiff(GREY16), encoded("JPEG", GREY8)]),
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=8),
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_damage_is_more_than_a_sentence(content, changes):
    damaged = bytearray(content)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    with TemporaryDirectory() as folder:
        try:
            read = read_radiograph(saved(Path(folder), bytes(damaged)))
        except InputError:
            return
    assert read.image.ndim == 3


def test_the_real_bitewing_is_read(shared_data):
    read = read_radiograph(shared_data / "data/dental/bitewing/bitewing.png")
    assert read.image.shape == (1, 1030, 1356)
    assert normalise(read.image).std() == pytest.approx(1, abs=1e-3)
