"""Writes the options of every command into its page under docs/commands, below "Options".

The text above that heading is written by hand. ``--check`` names the pages that are out of date.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from argparse import SUPPRESS, Action
from pathlib import Path
from typing import Any

from napari_salient.cli.commands import COMMANDS, Command
from napari_salient.cli.parser import build_parser

PAGES = Path(__file__).resolve().parent.parent / "docs" / "commands"
HEADING = "## Options\n"


def main() -> int:
    """Write the pages, or return 1 if any is out of date."""
    old = [command for command in COMMANDS if page_of(command) != renewed(command)]
    for command in old:
        if "--check" in sys.argv:
            print(f"{path_of(command)} is out of date; run make docs.", file=sys.stderr)
        else:
            path_of(command).write_text(renewed(command), encoding="utf-8")
    return 1 if old and "--check" in sys.argv else 0


def path_of(command: Command) -> Path:
    """Return the page of a command."""
    return PAGES / f"{'-'.join(command.words)}.md"


def page_of(command: Command) -> str:
    """Return the text of a command's page."""
    return path_of(command).read_text(encoding="utf-8")


def renewed(command: Command) -> str:
    """Return the page with its options as they are now."""
    by_hand = page_of(command).partition(HEADING)[0].rstrip("\n")
    return f"{by_hand}\n\n{HEADING}\n{options_table(command)}"


def options_table(command: Command) -> str:
    """Return a table of a command's arguments: how they are written, their default, their help."""
    module, name = command.target.split(":")
    function = getattr(importlib.import_module(module), name)
    given = {n for n, p in inspect.signature(function).parameters.items() if _is_required(p)}
    rows = ["| Argument | Default | |", "|---|---|---|"]
    for action in build_parser(command.name, function)._actions:  # noqa: SLF001
        if is_shown(action):
            default = "required" if action.dest in given else _default(action.default)
            rows.append(f"| `{_written(action)}` | {default} | {_help(action)} |")
    return "\n".join(rows) + "\n"


def is_shown(action: Action) -> bool:
    """Return whether an argument is the command's own and not part of the machinery."""
    machinery = action.dest in ("help", "print_config") or action.help == SUPPRESS
    is_group = (action.help or "").startswith("Path to a configuration file")
    return not (machinery or is_group)


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default is inspect.Parameter.empty


def _written(action: Action) -> str:
    return action.option_strings[0] if action.option_strings else action.dest.upper()


def _default(value: Any) -> str:
    if value is None or value == () or value == SUPPRESS:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else ""


def _help(action: Action) -> str:
    text = " ".join((action.help or "").split()).replace("|", "\\|").replace("%%", "%")
    choices = _choices(action)
    return f"{text} One of {choices}." if choices else text


def _choices(action: Action) -> str:
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    names = metavar.strip("{}").split(",") if metavar.startswith("{") else []
    return ", ".join(f"`{name}`" for name in names) if names != ["true", "false"] else ""


if __name__ == "__main__":
    sys.exit(main())
