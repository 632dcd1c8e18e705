"""One tooth on the pixels of a film: outline, enamel, pulp, and what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.samples.bitewing_anatomy import BurnOut, Filling, Lesion, Tooth

    Field = NDArray[np.float64]

METAL = 1.4
PULP, ENAMEL, CAP = -0.11, 0.22, 0.09
FAR = 50.0


class Part:
    """A tooth in its own axes, for each pixel.

    Parameters
    ----------
    tooth
        What is shown.
    y, x
        Places on the film of the pixels, shapes (y, 1) and (1, x).
    scale
        Pixels for one of the film.

    Attributes
    ----------
    u, v : numpy.ndarray, shape (y, x)
        Place in the tooth.
    depth : numpy.ndarray
        Distance from its surface, positive inside.
    inside : numpy.ndarray
        Share of the pixel that the tooth covers.
    """

    def __init__(self, tooth: Tooth, y: Field, x: Field, scale: int) -> None:
        self.tooth, self.scale = tooth, scale
        down, right = (y - tooth.y) * tooth.towards_root, x - tooth.x
        cosine, sine = np.cos(tooth.tilt), np.sin(tooth.tilt)
        self.v: Field = right * sine + down * cosine
        bent = tooth.bend * (np.clip(self.v - tooth.crown, 0, None) / 30) ** 2
        self.u: Field = right * cosine - down * sine - bent
        self._width = half_width(tooth, self.v)
        self.depth: Field = np.minimum(self._from_outline(), self._from_furcation())
        self.inside: Field = np.clip(self.depth * scale + 0.5, 0, 1)

    def brightness(self) -> Field:
        """Return how bright the tooth is."""
        tooth = self.tooth
        across = np.clip(1 - (self.u / self._width) ** 2, 0, 1)
        value = tooth.dentine + 0.12 * np.sqrt(across) - 0.06 * np.clip(self.v / 50, 0, 1)
        value += CAP * step(tooth.crown - 4 - self.v, 7)
        value += ENAMEL * step(self._enamel() - self.depth, 0.8)
        value += PULP * self._pulp()
        value *= 0.62 + 0.38 * (1 - np.exp(-np.clip(self.depth, 0, None) / self._edge()))
        for burn_out in tooth.burn_outs:
            value -= burn_out.contrast * self._burnt(burn_out)
        for lesion in tooth.lesions:
            value -= lesion.contrast * np.exp(-2 * self._distance(lesion) ** 2)
        for filling in tooth.fillings:
            value += (METAL - value) * np.clip(self._filled(filling) * self.scale + 0.5, 0, 1)
        return value

    def decayed(self) -> NDArray[np.bool_]:
        """Return where the tooth has caries."""
        return self._in_any([self._distance(lesion) <= 1 for lesion in self.tooth.lesions])

    def restored(self) -> NDArray[np.bool_]:
        """Return where the tooth has metal."""
        return self._in_any([self._filled(filling) > 0 for filling in self.tooth.fillings])

    def _in_any(self, places: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
        nowhere = np.zeros(self.u.shape, np.bool_)
        found: NDArray[np.bool_] = np.logical_or.reduce([nowhere, *places]) & (self.inside > 0.5)
        return found

    def _from_outline(self) -> Field:
        """Return the distance from the outer surface: a super-ellipse down to the contact."""
        tooth = self.tooth
        out = np.abs(self.u) / tooth.half_width
        cusps = np.cos(np.pi * tooth.cusps * np.clip(self.u / tooth.half_width, -1, 1) + np.pi)
        v = self.v - tooth.relief * (0.5 - 0.5 * cusps * (-1) ** tooth.cusps)
        above = np.clip(tooth.contact - v, 0, None) / tooth.contact
        radius = (out**tooth.exponent + above**tooth.exponent) ** (1 / tooth.exponent)
        reach = np.hypot(self.u, above * tooth.contact) / np.maximum(radius, 0.01)
        crown = (1 - radius) * np.maximum(reach, 1)
        outline: Field = np.where(self.v < tooth.contact, crown, self._width - np.abs(self.u))
        return outline

    def _from_furcation(self) -> Field:
        """Return the distance from the bone between two roots; far if there is one."""
        below = self.v - self.tooth.furcation
        gap = 1.1 * np.sqrt(np.clip(below, 0, None)) + 0.06 * np.clip(below, 0, None)
        apart: Field = np.where(below > 0, np.abs(self.u) - gap, FAR)
        return apart if self.tooth.roots > 1 else np.full_like(apart, FAR)

    def _enamel(self) -> Field:
        """Return the thickness of the enamel: full on the cusps, none at the neck."""
        left = 1 - self.v / self.tooth.crown
        thickness: Field = self.tooth.enamel * np.sqrt(np.clip(left, 0, 1)) - 1.5 * (left <= 0)
        return thickness

    def _edge(self) -> Field:
        """Return over how much the tooth gets thicker from its surface: more on the cusps."""
        edge: Field = 0.7 + 1.6 * step(self.tooth.contact * 0.8 - self.v, 4)
        return edge

    def _pulp(self) -> Field:
        """Return how much pulp is seen: a chamber with horns that narrows to canals."""
        tooth, half = self.tooth, self.tooth.pulp * self.tooth.half_width
        horns = (1.0 if tooth.cusps == 1 else -2.0) * np.cos(np.pi * np.clip(self.u / half, -1, 1))
        roof = self.v - 0.66 * tooth.crown + horns
        floor = tooth.crown * 1.12 - self.v
        sides = half * (1 - 0.012 * (self.v - tooth.crown)) - np.abs(self.u)
        chamber = step(np.minimum(np.minimum(roof, floor), sides), 2.4)
        apart = 0.42 * tooth.half_width if tooth.half_width > 13 else 0.0
        thin = np.clip(1.5 - 0.03 * (self.v - tooth.crown), 0.4, 1.6)
        canals = step(thin - np.abs(np.abs(self.u) - apart), 1.3) * step(self.v - tooth.crown, 3)
        pulp: Field = np.maximum(chamber, 0.6 * canals)
        return pulp

    def _distance(self, lesion: Lesion) -> Field:
        """Return the distance from the middle of a lesion, 1 at its radius."""
        out = float(half_width(self.tooth, np.array(lesion.height))) - lesion.depth
        across, along = self.u - lesion.side * out, self.v - lesion.height
        distance: Field = np.hypot(across, along) / lesion.radius
        return distance

    def _burnt(self, burn_out: BurnOut) -> Field:
        """Return a band along the neck that fades towards the middle of the tooth."""
        from_side = np.clip(self._width - burn_out.side * self.u, 0, None)
        along = (self.v - burn_out.height) / (1.5 + 0.5 * np.exp(-from_side / 3))
        band: Field = np.exp(-(along**2)) * np.exp(-from_side / (0.35 * self.tooth.half_width))
        return band

    def _filled(self, filling: Filling) -> Field:
        """Return the distance from the border of a filling, positive inside."""
        across = np.abs(self.u - filling.u) / filling.half_width
        along = np.abs(self.v - filling.v) / filling.half_height
        radius = (across**2.6 + along**2.6) ** (1 / 2.6)
        distance: Field = (1 - radius) * min(filling.half_width, filling.half_height)
        return distance


def half_width(tooth: Tooth, v: Field) -> Field:
    """Return half the width of a tooth at `v`: widest at the contact, the root tapers."""
    to_neck = np.clip((v - tooth.contact) / (tooth.crown - tooth.contact), 0, 1)
    narrowed = 1 - (1 - tooth.neck) * to_neck**2 * (3 - 2 * to_neck)
    taper = 1 - 0.0075 * np.clip(v - tooth.crown, 0, None)
    return np.maximum(tooth.half_width * narrowed * taper, 1.0)


def step(distance: Field, softness: float) -> Field:
    """Return 0 to 1 over a border that is `softness` wide on either side."""
    part = np.clip(distance / (2 * softness) + 0.5, 0, 1)
    smooth: Field = part * part * (3 - 2 * part)
    return smooth
