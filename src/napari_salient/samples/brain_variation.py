"""Plausible brains from one template: what varies is drawn first, and applied afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

TISSUES = ("grey matter", "white matter", "CSF")
"""Classes 1, 2 and 3 of the labels."""

AXES = ("RAS", "LAS", "LPS")
"""Axis orders in which scanners and converters commonly leave a volume."""

CONTROL_POINTS = (6, 7, 6)
BIAS_POINTS = (3, 3, 3)


@dataclass(frozen=True)
class BrainTemplate:
    """The average brain that all cases are made of.

    Attributes
    ----------
    maps : numpy.ndarray, shape (4, z, y, x), float32 in 0..1
        T1-weighted intensity and the probabilities of `TISSUES`, in display orientation.
    spacing : tuple of float
        Edges of a voxel along ``(z, y, x)``, in mm.
    """

    maps: np.ndarray
    spacing: tuple[float, float, float]


@dataclass(frozen=True)
class BrainVariation:
    """Everything random about a case.

    Attributes
    ----------
    shape : tuple of int
        Voxels along ``(z, y, x)``.
    spacing : tuple of float
        Edges of a voxel, in mm.
    axes : str
        Axis order of the file, such as ``RAS``.
    rotation : numpy.ndarray, shape (3,)
        Pose of the head about the z, y and x axis, in degrees.
    scale : numpy.ndarray, shape (3,)
        Size of the head relative to the template's.
    shift : numpy.ndarray, shape (3,)
        Place of the head in the field of view, in mm.
    displacement : numpy.ndarray, shape (3, *CONTROL_POINTS)
        Local shape: offsets in mm at control points across the field of view.
    bias : numpy.ndarray, shape BIAS_POINTS
        Logarithm of the coil's sensitivity at control points.
    contrast : numpy.ndarray, shape (3,)
        What is added to the intensity of each tissue (white matter is 0.85).
    gamma : float
        Exponent of the intensities.
    noise : float
        Standard deviation of both channels of the Rician noise.
    gain : float
        Intensity of the scanner for 1.
    noise_seed : int
        Seed of the noise.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    axes: str
    rotation: np.ndarray
    scale: np.ndarray
    shift: np.ndarray
    displacement: np.ndarray
    bias: np.ndarray
    contrast: np.ndarray
    gamma: float
    noise: float
    gain: float
    noise_seed: int


def draw_variation(rng: np.random.Generator, shape: Sequence[int]) -> BrainVariation:
    """Draw a case whose field of view is within three voxels of `shape` ``(z, y, x)``."""
    z, y, x = (int(length + rng.integers(-3, 4)) for length in shape)
    thickness, in_plane = rng.uniform(2.6, 2.9), rng.uniform(2.4, 2.6)
    return BrainVariation(
        shape=(z, y, x),
        spacing=(round(thickness, 2), round(in_plane, 2), round(in_plane, 2)),
        axes=str(rng.choice(AXES)),
        rotation=rng.normal(0, (3, 3, 5)),
        scale=rng.normal(1, 0.03, 3),
        shift=rng.normal(0, 2, 3),
        displacement=rng.normal(0, 2.4, (3, *CONTROL_POINTS)),
        bias=rng.normal(0, 0.22, BIAS_POINTS),
        contrast=rng.normal(0, (0.03, 0.02, 0.04)),
        gamma=float(rng.uniform(0.8, 1.4)),
        noise=float(rng.uniform(0.015, 0.04)),
        gain=float(rng.uniform(300, 1500)),
        noise_seed=int(rng.integers(2**32)),
    )


def apply_variation(
    template: BrainTemplate, variation: BrainVariation
) -> tuple[np.ndarray, np.ndarray]:
    """Return a case's image, int16 ``(z, y, x)``, and its labels, uint8 ``(z, y, x)``."""
    from scipy.ndimage import map_coordinates

    places = _template_places(template, variation)
    t1, *tissues = (map_coordinates(part, places, order=1) for part in template.maps)
    brain = np.sum(tissues, axis=0)
    labels: np.ndarray = ((brain > 0.5) * (1 + np.argmax(tissues, axis=0))).astype(np.uint8)
    return _acquire(t1, np.stack(tissues), labels > 0, variation), labels


def _template_places(template: BrainTemplate, variation: BrainVariation) -> np.ndarray:
    """Return for each voxel the template's voxel coordinates ``(3, z, y, x)`` it shows."""
    from scipy.spatial.transform import Rotation

    spacing = np.array(variation.spacing)[:, None, None, None]
    middle = (np.array(variation.shape)[:, None, None, None] - 1) / 2
    from_middle = (np.indices(variation.shape) - middle) * spacing
    turn = Rotation.from_euler("xyz", variation.rotation, degrees=True).as_matrix()
    pose = turn / variation.scale[:, None]
    mm = np.einsum("ij,jzyx->izyx", pose, from_middle) + variation.shift[:, None, None, None]
    mm += [_spread(offset, variation.shape) for offset in variation.displacement]
    centre = _centre_of_brain(template)[:, None, None, None]
    return np.asarray(mm / np.array(template.spacing)[:, None, None, None] + centre)


def _centre_of_brain(template: BrainTemplate) -> np.ndarray:
    brain = np.argwhere(template.maps[1:].sum(axis=0) > 0.5)
    return np.asarray((brain.min(axis=0) + brain.max(axis=0)) / 2)


def _acquire(
    t1: np.ndarray, tissues: np.ndarray, brain: np.ndarray, variation: BrainVariation
) -> np.ndarray:
    """Return what a scanner with this contrast, coil and noise makes of the anatomy."""
    contrasted = t1 + np.einsum("t,tzyx->zyx", variation.contrast, tissues)
    signal = np.clip(contrasted, 0, None) ** variation.gamma
    signal *= np.exp(_spread(variation.bias, variation.shape))
    rng = np.random.default_rng(variation.noise_seed)
    real, imaginary = rng.normal(0, variation.noise, (2, *variation.shape))
    measured = np.hypot(signal + real, imaginary) * brain
    scaled: np.ndarray = np.rint(measured * variation.gain).astype(np.int16)
    return scaled


def _spread(points: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Return a smooth field over `shape` through control points that span it (cubic splines)."""
    from scipy.interpolate import CubicSpline

    field = points
    for axis, length in enumerate(shape):
        knots, steps = np.linspace(0, 1, points.shape[axis]), np.linspace(0, 1, length)
        field = CubicSpline(knots, field, axis=axis)(steps)
    return field
