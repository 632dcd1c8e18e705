"""What X-rays make of teeth: a film with the truth about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.samples.bitewing_anatomy import BLUR, GAIN, NOISE, OFFSET, SIDES
from napari_salient.samples.bitewing_parts import Part, step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_salient.samples.bitewing_anatomy import Side, Tooth

    Field = NDArray[np.float64]

BONE, LAMINA = 0.24, 0.09
OVERLAP = 0.12


@dataclass(frozen=True)
class Exposure:
    """Everything random about how a film is taken.

    Attributes
    ----------
    blur : float
        Standard deviation of the focal spot's image, in px.
    noise : float
        Standard deviation, of a brightness of 1.
    gain, offset, gamma : float
        What the detector makes of brightness.
    tilt : tuple of float
        Change of brightness from the middle to the lower and to the right border.
    cheek : float
        Brightness of what lies before and behind the teeth.
    crest : float
        Distance of the bone from the necks.
    bite : float
        Brightness of the holder that the teeth bite on; 0 where it is not seen.
    """

    blur: float
    noise: float
    gain: float
    offset: float
    gamma: float
    tilt: tuple[float, float]
    cheek: float
    crest: float
    bite: float


@dataclass(frozen=True, eq=False)
class Shown:
    """A film and the truth about it.

    Attributes
    ----------
    image : numpy.ndarray, float32 in 0..1, shape (y, x)
        Bright where much is absorbed.
    teeth, lesions, restorations : numpy.ndarray, bool, shape (tooth, y, x)
        Where each tooth is, and in it caries and metal.
    """

    image: NDArray[np.float32]
    teeth: NDArray[np.bool_]
    lesions: NDArray[np.bool_]
    restorations: NDArray[np.bool_]


def draw_exposure(rng: np.random.Generator) -> Exposure:
    """Draw an exposure."""
    return Exposure(
        blur=rng.uniform(*BLUR),
        noise=rng.uniform(*NOISE),
        gain=rng.uniform(*GAIN),
        offset=rng.uniform(*OFFSET),
        gamma=rng.uniform(0.85, 1.2),
        tilt=(rng.normal(0, 0.06), rng.normal(0, 0.1)),
        cheek=rng.uniform(0.12, 0.24),
        crest=rng.uniform(3, 8),
        bite=rng.uniform(0.05, 0.1) if rng.random() < 0.5 else 0.0,
    )


def show(
    rng: np.random.Generator,
    teeth: Sequence[Tooth],
    exposure: Exposure,
    window: tuple[float, float, int, int],
    scale: int = 1,
) -> Shown:
    """Show a window of a film.

    Parameters
    ----------
    rng
        For noise and the pattern of the bone.
    window
        Top and left, rows and columns of the film.
    scale
        Pixels of the image for one of the film.
    """
    top, left, rows, columns = window
    y = (top + (np.arange(rows * scale) + 0.5) / scale)[:, None]
    x = (left + (np.arange(columns * scale) + 0.5) / scale)[None, :]
    parts = [Part(tooth, y, x, scale) for tooth in teeth]
    bone = _bone(rng, parts, exposure, y, x)
    brightness = exposure.cheek * _cloudy(rng, bone.shape, scale) + bone
    brightness += exposure.bite * _bite(teeth, y, x)
    covered = np.zeros_like(bone)
    for part in parts:
        own = part.brightness() + 0.3 * bone
        brightness += part.inside * (np.maximum(own, brightness * covered) - brightness)
        brightness += OVERLAP * np.minimum(covered, part.inside)
        covered = np.maximum(covered, part.inside)
    metal = np.stack([part.restored() for part in parts])
    decayed = np.stack([part.decayed() for part in parts]) & ~metal.any(axis=0)
    outlines = np.stack([part.inside > 0.5 for part in parts])
    return Shown(_exposed(rng, brightness, exposure, scale), outlines, decayed, metal)


def _bone(
    rng: np.random.Generator, parts: Sequence[Part], exposure: Exposure, y: Field, x: Field
) -> Field:
    """Return the bone of both jaws: spongy, denser where it borders on roots."""
    scale = parts[0].scale
    depth = np.max([part.depth for part in parts], axis=0)
    teeth = [part.tooth for part in parts]
    below = np.max([_below_crest(teeth, exposure, jaw, y, x) for jaw in SIDES], axis=0)
    dense = LAMINA * np.exp(-(((depth + 1.5) / 0.6) ** 2)) + 0.6 * LAMINA * np.exp(-(below**2))
    spongy = (BONE + 0.0015 * np.clip(below, 0, None)) * _cloudy(rng, below.shape, scale)
    spongy += _trabeculae(rng, below.shape, scale)
    ligament = np.exp(-(((depth + 0.5) / 0.5) ** 2))
    bone: Field = (spongy + dense) * step(below, 1) * (1 - 0.6 * ligament)
    return bone


def _below_crest(
    teeth: Sequence[Tooth], exposure: Exposure, jaw: Side, y: Field, x: Field
) -> Field:
    """Return the distance below the crest of one jaw's bone, which is highest between teeth."""
    row = sorted((t for t in teeth if t.towards_root == jaw), key=lambda tooth: tooth.x)
    if not row:
        return np.full((y.shape[0], x.shape[1]), -np.inf)
    places, necks = zip(*((tooth.x, tooth.y * jaw + tooth.crown) for tooth in row), strict=True)
    apart = np.min([np.abs(x - tooth.x) / tooth.half_width for tooth in row], axis=0)
    crest = (
        np.interp(x, places, necks) + exposure.crest - 1.5 * np.sin(np.pi / 2 * apart.clip(0, 2))
    )
    return np.asarray(y * jaw - crest)


def _bite(teeth: Sequence[Tooth], y: Field, x: Field) -> Field:
    """Return the plate that the teeth bite on, between the rows."""
    upper = [tooth.y for tooth in teeth if tooth.towards_root < 0]
    lower = [tooth.y for tooth in teeth if tooth.towards_root > 0]
    middle = (np.mean(upper or lower) + np.mean(lower or upper)) / 2
    return step(2.5 - np.abs(y - middle), 0.5) * step(32 - np.abs(x - 90), 1)


def _trabeculae(rng: np.random.Generator, shape: tuple[int, ...], scale: int) -> Field:
    """Return the fine pattern of spongy bone, of mean 0."""
    from scipy.ndimage import gaussian_filter

    net = rng.normal(size=shape)
    pattern = gaussian_filter(net, (0.6 * scale, 0.8 * scale)) - gaussian_filter(net, 1.8 * scale)
    return np.asarray(0.035 * pattern / max(pattern.std(), 1e-6))


def _cloudy(rng: np.random.Generator, shape: tuple[int, ...], scale: int) -> Field:
    """Return a factor around 1 that varies slowly."""
    from scipy.ndimage import gaussian_filter

    clouds = gaussian_filter(rng.normal(size=shape), 8 * scale, mode="wrap")
    return np.asarray(1 + 0.12 * clouds / max(clouds.std(), 1e-6))


def _exposed(
    rng: np.random.Generator, brightness: Field, exposure: Exposure, scale: int
) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    rows, columns = brightness.shape
    down = np.linspace(-1, 1, rows)[:, None] * exposure.tilt[0]
    right = np.linspace(-1, 1, columns)[None, :] * exposure.tilt[1]
    blurred = gaussian_filter(brightness, exposure.blur * (0.75 + 0.25 * scale))
    lit = np.clip(blurred * (1 + down + right), 0, None) ** exposure.gamma
    grain = rng.normal(0, exposure.noise, brightness.shape)
    seen = lit * exposure.gain + exposure.offset + grain
    return np.asarray(np.clip(seen, 0, 1), np.float32)
