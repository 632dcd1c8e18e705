"""Published experiments as settings of the simulation, each in a YAML file beside this one.

A recipe says of every setting whether it is published or our choice, and how the experiment
differs from the published one as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, get_args

import yaml

from napari_salient.errors import InputError

RecipeName = Literal["heart", "hippocampus", "prostate"]

RECIPES: tuple[RecipeName, ...] = get_args(RecipeName)


@dataclass(frozen=True)
class Recipe:
    """A published experiment.

    Parameters
    ----------
    title
        What is compared, on which data.
    dataset
        Name of the data set's folder, which holds ``dataset.json``.
    paper
        Where it was published.
    settings
        Value of each setting by its name, nested ones with dots, as on the command line.
    origins
        For each setting ``published`` or ``own`` and why, in the order of `settings`.
    differences
        Sentences on how the experiment as a whole differs from the published one.
    """

    title: str
    dataset: str
    paper: str
    settings: dict[str, Any]
    origins: dict[str, str]
    differences: tuple[str, ...]


def read_recipe(name: str) -> Recipe:
    """Return the recipe called `name`.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in RECIPES:
        raise InputError(f"There is no recipe {name!r}; choose one of {', '.join(RECIPES)}.")
    return parse_recipe((files(__name__) / f"{name}.yaml").read_text(encoding="utf-8"))


def parse_recipe(text: str) -> Recipe:
    """Return the recipe that the text of a file holds."""
    said = yaml.safe_load(text)
    chosen = said["settings"]
    return Recipe(
        title=said["title"],
        dataset=said["dataset"],
        paper=said["paper"],
        settings={key: setting["value"] for key, setting in chosen.items()},
        origins={key: setting["origin"] for key, setting in chosen.items()},
        differences=tuple(said["differences"]),
    )
