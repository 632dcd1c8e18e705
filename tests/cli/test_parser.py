"""A typed function is a command; a settings dataclass is flags, YAML keys and help at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from napari_salient.cli.commands import Command
from napari_salient.cli.parser import build_parser, call, read_settings, with_underscores
from napari_salient.engine.bounds import Bounded, Count, Natural, Positive
from napari_salient.errors import InputError


@dataclass(frozen=True)
class Inner(Bounded):
    """The run.

    Parameters
    ----------
    learning_rate
        How fast it learns.
    """

    learning_rate: Positive = 1e-3
    schedule: Literal["constant", "one_cycle"] = "constant"


@dataclass(frozen=True)
class Settings(Bounded):
    """The model.

    Parameters
    ----------
    width
        Channels of the first level.
    inner
        The training.
    """

    width: Count = 8
    inner: Inner = field(default_factory=Inner)


seen: dict[str, Any] = {}


def command(
    folder: Path,
    names: Sequence[str] = (),
    /,
    *,
    json: bool = False,
    every: Natural = 2,
    settings: Settings,
) -> int:
    """Do something.

    Parameters
    ----------
    folder
        Where it is done.
    names
        What is done.
    json
        Print JSON.
    every
        How often.
    """
    seen.update(folder=folder, names=list(names), json=json, settings=settings)
    return 0


KNOWN = Command(("command",), "Do something.", f"{__name__}:command")


PRESET = Command(KNOWN.words, KNOWN.summary, KNOWN.target, defaults=f"{__name__}:preset")


def preset(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"width": 64, "inner.learning_rate": 0.5} if options["json"] else {}


def run(*words: str) -> dict[str, Any]:
    assert call(KNOWN, words) == 0
    return seen


def test_options_reach_the_function_with_their_types() -> None:
    given = run("here", "a", "b", "--json", "--width", "16", "--inner.learning_rate", "1e-2")
    assert given["folder"] == Path("here")
    assert given["names"] == ["a", "b"]
    assert given["json"] is True
    assert given["settings"] == Settings(16, Inner(1e-2))


def test_without_options_the_defaults_hold() -> None:
    assert run("here")["settings"] == Settings()


def test_a_yaml_file_gives_options_and_a_flag_overrides_it(tmp_path: Path) -> None:
    file = tmp_path / "options.yaml"
    file.write_text("width: 32\ninner:\n  learning_rate: 0.5\n  schedule: one_cycle\n")
    given = run("here", "--config", str(file), "--width", "4")
    assert given["settings"] == Settings(4, Inner(0.5, "one_cycle"))


def test_a_command_may_take_other_defaults_by_what_was_typed_which_still_holds() -> None:
    assert call(PRESET, ["here"]) == 0
    assert seen["settings"] == Settings()
    assert call(PRESET, ["--width", "16", "here", "--json"]) == 0
    assert seen["settings"] == Settings(16, Inner(0.5))


def test_names_may_be_spelt_with_dashes() -> None:
    assert with_underscores(["--inner.learning-rate=1-2", "a-b", "-h", "--"]) == [
        "--inner.learning_rate=1-2", "a-b", "-h", "--",
    ]  # fmt: skip


def test_the_docstring_is_the_help() -> None:
    text = " ".join(build_parser("program", command).format_help().split())
    assert "Where it is done." in text
    assert "Channels of the first level. (type: int, default: 8)" in text
    assert "How fast it learns." in text
    assert "program FOLDER [NAMES] [OPTIONS]" in text


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "the following arguments are required: folder"),
        (["here", "--width", "wide"], "'width' must be a whole number, not 'wide'."),
        (["here", "--inner.schedule", "never"], "'inner.schedule' must be one of 'constant'"),
        (["here", "--width", "0"], "'width' must be 1 or more, not 0."),
        (["here", "--inner.learning-rate=-1"], "'inner.learning_rate' must be above 0, not -1.0."),
        (["here", "--every", "-1"], "'every' must be 0 or more, not -1."),
    ],
)
def test_wrong_usage_ends_with_code_2(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        run(*words)
    assert leaving.value.code == 2
    complaints = capsys.readouterr().err
    assert complaint in complaints
    assert "See napari-salient command --help." in complaints


def test_the_settings_of_a_run_are_read_back(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("width: 32\ninner:\n  learning_rate: 0.5\n")
    assert read_settings(Settings, file) == Settings(32, Inner(0.5))


@pytest.mark.parametrize("content", ["height: 3\n", "width: wide\n", "width: 0\n", "- a\n"])
def test_foreign_settings_are_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(content)
    with pytest.raises(InputError, match=r"settings\.yaml"):
        read_settings(Settings, file)
