"""The teeth of a bitewing radiograph: everything that varies from one to the next.

Lengths are in pixels of a film of 128 × 160, about 0.25 mm. A tooth has its own axes: ``u`` runs
across it, 0 in the middle, and ``v`` from the tips of its cusps towards the root.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

# How hard it is to learn lesions from these films is set by the numbers below. With a shortcut
# (restorations that go with caries in training and not in the test) lesions are fainter, so that a
# network that has the labels of images alone learns the restorations, and one that is shown some
# lesions can learn these.
LESION_CONTRAST = 0.45
SHORTCUT_LESION_CONTRAST = 0.38
"""What a lesion takes from the brightness in its middle, times 0.8 to 1.2."""
LESION_RADIUS = (2.0, 4.0)
LESION_DEPTH = (0.6, 1.1)
"""From the surface to its middle, in radii; nearer to the border it is harder to tell from it."""
BURN_OUT_SHARE = 0.6
BURN_OUT_CONTRAST = (0.04, 0.13)
"""Sides of necks that look decayed and are not, and by how much."""
BLUR = (0.5, 0.8)
NOISE = (0.012, 0.03)
GAIN = (0.9, 1.12)
OFFSET = (-0.03, 0.03)
"""Of the film, whose brightness goes from 0 to 1."""

FILM = (128, 160)
"""Rows and columns."""

Side = Literal[-1, 1]
SIDES: tuple[Side, Side] = (-1, 1)

Shape = Literal["molar", "premolar"]


@dataclass(frozen=True)
class Lesion:
    """Caries between two teeth: a dark Gaussian just inside the enamel.

    Attributes
    ----------
    side : {-1, 1}
        The surface that it is on.
    height : float
        Its ``v``.
    depth : float
        From the surface to its middle.
    radius : float
        Two standard deviations; what is nearer than this counts as the lesion.
    contrast : float
        What it takes from the brightness in its middle, of 1.
    """

    side: Side
    height: float
    depth: float
    radius: float
    contrast: float


@dataclass(frozen=True)
class Filling:
    """A part of a restoration: a super-ellipse of metal around ``(u, v)``."""

    u: float
    v: float
    half_width: float
    half_height: float


@dataclass(frozen=True)
class BurnOut:
    """The dark band at the neck that looks like caries and is none."""

    side: Side
    height: float
    contrast: float


@dataclass(frozen=True)
class Tooth:
    """Everything random about a tooth.

    Attributes
    ----------
    x, y : float
        Middle of its occlusal surface on the film.
    towards_root : {-1, 1}
        Whether ``v`` runs up, in the upper jaw, or down.
    half_width : float
        At the height where it touches its neighbours.
    crown, contact, neck : float
        Height of the crown, of that contact, and width of the neck as a share of the crown's.
    exponent : float
        Of the super-ellipse; 2 is round.
    cusps, relief : float
        Number of cusps, and depth of the fissures between them.
    enamel : float
        Thickness on the cusps; towards the neck it tapers to nothing.
    roots : int
        One, or two that part below the furcation.
    furcation : float
        Its ``v``.
    tilt : float
        In radians.
    bend : float
        How far the tip of the root lies to the side.
    pulp : float
        Width of the pulp chamber, as a share of the crown's.
    dentine : float
        Brightness of the dentine.
    """

    x: float
    y: float
    towards_root: Side
    half_width: float
    crown: float
    contact: float
    neck: float
    exponent: float
    cusps: int
    relief: float
    enamel: float
    roots: int
    furcation: float
    tilt: float
    bend: float
    pulp: float
    dentine: float
    lesions: tuple[Lesion, ...] = ()
    fillings: tuple[Filling, ...] = ()
    burn_outs: tuple[BurnOut, ...] = ()


def draw_tooth(
    rng: np.random.Generator, shape: Shape, towards_root: Side, x: float, y: float
) -> Tooth:
    """Draw a sound tooth whose occlusal surface has its middle at ``(x, y)``."""
    molar = shape == "molar"
    crown = rng.uniform(24, 28)
    return Tooth(
        x=x,
        y=y,
        towards_root=towards_root,
        half_width=rng.uniform(15, 18) if molar else rng.uniform(10, 12),
        crown=crown,
        contact=crown * rng.uniform(0.34, 0.44),
        neck=rng.uniform(0.78, 0.86) if molar else rng.uniform(0.72, 0.8),
        exponent=rng.uniform(2.5, 3.2) if molar else rng.uniform(2.1, 2.5),
        cusps=int(rng.integers(2, 4)) if molar else int(rng.integers(1, 3)),
        relief=rng.uniform(1.5, 3.5),
        enamel=rng.uniform(4.2, 5.6),
        roots=2 if molar and towards_root > 0 else 1,
        furcation=crown + rng.uniform(9, 14),
        tilt=rng.normal(0, 0.03),
        bend=rng.normal(0, 1.5),
        pulp=rng.uniform(0.3, 0.42),
        dentine=rng.uniform(0.42, 0.5),
        burn_outs=_burn_outs(rng, crown),
    )


def draw_row(
    rng: np.random.Generator, shapes: Sequence[Shape], towards_root: Side, y: float
) -> list[Tooth]:
    """Draw neighbouring teeth from left to right, beginning at 0, each touching the next."""
    teeth: list[Tooth] = []
    for shape in shapes:
        tooth = draw_tooth(rng, shape, towards_root, 0.0, y + rng.normal(0, 0.7))
        before = teeth[-1].x + teeth[-1].half_width if teeth else 0.0
        teeth.append(moved(tooth, before + tooth.half_width + rng.uniform(-0.5, 0.5)))
    return teeth


def moved(tooth: Tooth, by: float) -> Tooth:
    """Return a tooth shifted to the right."""
    return replace(tooth, x=tooth.x + by)


def with_lesion(rng: np.random.Generator, tooth: Tooth, contrast: float) -> Tooth:
    """Return a tooth with caries on one side, where it touches its neighbour or just below."""
    radius = rng.uniform(*LESION_RADIUS)
    lesion = Lesion(
        side=SIDES[int(rng.integers(2))],
        height=tooth.contact + rng.uniform(0, 0.2) * tooth.crown,
        depth=rng.uniform(*LESION_DEPTH) * radius,
        radius=radius,
        contrast=contrast * rng.uniform(0.8, 1.2),
    )
    return replace(tooth, lesions=(*tooth.lesions, lesion))


def with_restoration(rng: np.random.Generator, tooth: Tooth) -> Tooth:
    """Return a tooth with a filling in its occlusal surface, or that reaches down a sound side."""
    width, depth = tooth.half_width, rng.uniform(3.5, 6)
    middle = rng.uniform(-0.2, 0.2) * width
    fillings = [Filling(middle, tooth.relief + depth * 0.75, rng.uniform(0.3, 0.55) * width, depth)]
    if rng.random() < 0.5:
        sides = [-lesion.side for lesion in tooth.lesions] or [SIDES[int(rng.integers(2))]]
        box = rng.uniform(0.16, 0.24) * width
        reach = rng.uniform(0.8, 1.1) * tooth.contact
        fillings.append(Filling(sides[0] * (width - box * 0.9), reach * 0.75, box, reach * 0.6))
        across = (fillings[0].u + fillings[1].u) / 2
        long = abs(fillings[0].u - fillings[1].u) / 2 + 1
        fillings.append(Filling(across, tooth.relief + depth * 0.6, long, depth * 0.6))
    return replace(tooth, fillings=(*tooth.fillings, *fillings))


def _burn_outs(rng: np.random.Generator, crown: float) -> tuple[BurnOut, ...]:
    return tuple(
        BurnOut(side, crown + rng.uniform(0.5, 3.5), rng.uniform(*BURN_OUT_CONTRAST))
        for side in SIDES
        if rng.random() < BURN_OUT_SHARE
    )
