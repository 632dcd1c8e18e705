"""Published experiments with pretraining, each in a YAML file beside this one.

A recipe says of every setting whether it is published or our choice, and how the experiment
differs from the published one as a whole.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

from napari_salient.active_learning.recipes import Recipe, parse_recipe

SegmentationRecipe = Literal["brats", "pancreas"]
"""Recipes of ``compare pretraining``."""

GradingRecipe = Literal["retinopathy"]
"""Recipes of ``finetune classification``."""


def read_recipe(name: SegmentationRecipe | GradingRecipe) -> Recipe:
    """Return the recipe called `name`."""
    return parse_recipe((files(__name__) / f"{name}.yaml").read_text(encoding="utf-8"))
