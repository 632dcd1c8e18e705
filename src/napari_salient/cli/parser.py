"""From a typed function to a command: its parameters become arguments, its docstring the help.

Positional-only parameters become positional arguments and keyword-only ones become options. A
parameter whose type is a settings dataclass gives each of its fields, nested ones included, as an
option and as a key of the file that ``--config`` names.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, get_args, get_origin, get_type_hints

import jsonargparse
from docstring_parser import parse as parse_docstring

from napari_salient.cli.commands import NOTICE
from napari_salient.engine.bounds import annotations_of, complaint_about
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from napari_salient.cli.commands import Command

T = TypeVar("T")

SHORT = {"dims": "spatial_dims", "from": "pretrained"}
"""Options that may be called by another name; Python reserves ``from``."""

_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false"}


class HelpFormatter(jsonargparse.DefaultHelpFormatter):
    """Names a type as its module-free name, like ``Path``."""

    def _expand_help(self, action: Action) -> str:
        return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", super()._expand_help(action))


class Parser(jsonargparse.ArgumentParser):
    """A parser that answers wrong usage with one sentence and exit code 2."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print the sentence on standard error and leave."""
        sentence = _in_words(" ".join(message.split()))
        print(f"{self.prog}: {sentence}\nSee {self.prog} --help.", file=sys.stderr)
        raise SystemExit(2)


def _in_words(message: str) -> str:
    """Return the parser's complaint about a value without the names of Python's types."""
    found = re.match(r'Parser key "([\w.]+)": (.*?)[. ]+(?:Got|Given) value: (.*)', message)
    if not found:
        return message
    name, expected, value = found.groups()
    if choices := re.search(r"Literal\[(.*?)\]", expected):
        return f"'{name}' must be one of {choices[1]}, not {value!r}."
    if kind := re.search(r"<class '(\w+)'>", expected):
        return f"'{name}' must be {_KINDS.get(kind[1], kind[1])}, not {value!r}."
    return message


def call(command: Command, words: Sequence[str]) -> int:
    """Parse `words` and run the function behind `command`."""
    function = _imported(command.target)
    parser = build_parser(command.name, function)
    spelt = with_underscores(words)
    if command.defaults:
        parser.set_defaults(_imported(command.defaults)(parser.parse_args(spelt)))
    parsed = parser.parse_args(spelt)
    for complaint in _complaints(_annotations(function), parsed):
        parser.error(complaint)
    positional, options = _arguments(function, parser.instantiate(parsed))
    exit_code: int = function(*positional, **options)
    return exit_code


def _imported(target: str) -> Any:
    module, name = target.split(":")
    return getattr(importlib.import_module(module), name)


def build_parser(program: str, function: Callable[..., int]) -> Parser:
    """Return the parser for `function`'s parameters."""
    documented = parse_docstring(function.__doc__ or "")
    parser = Parser(
        prog=program,
        description=_description(documented),
        epilog=NOTICE,
        formatter_class=HelpFormatter,
    )
    helps = {parameter.arg_name: parameter.description for parameter in documented.params}
    for name, parameter, hint in _parameters(function):
        if dataclasses.is_dataclass(hint):
            parser.add_argument("--config", action="config", help="YAML file with these options.")
            parser.add_class_arguments(hint, None)
        else:
            _add(parser, name, parameter, hint, helps.get(name))
    parser.usage = _usage(program, function)
    return parser


def _usage(program: str, function: Callable[..., int]) -> str:
    """Return a usage line without the options, of which a command may have dozens."""
    positional = [
        name if parameter.default is inspect.Parameter.empty else f"[{name}]"
        for name, parameter, _ in _parameters(function)
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY
    ]
    return " ".join([program, *(word.upper() for word in positional), "[OPTIONS]"])


def with_underscores(words: Sequence[str]) -> list[str]:
    """Return the words with long options spelt as YAML keys are, so that both spellings work."""
    spelt = []
    for word in words:
        name, equals, value = word.partition("=")
        long_option = name.startswith("--") and len(name) > 2
        option = name[2:].replace("-", "_")
        spelt.append(f"--{SHORT.get(option, option)}{equals}{value}" if long_option else word)
    return spelt


def read_settings(kind: type[T], path: Path) -> T:
    """Return the settings of class `kind` that the YAML file of a run holds.

    Raises
    ------
    InputError
        If the file is missing or holds something else.
    """
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(kind, None)
    try:
        parsed = parser.parse_path(path)
        for complaint in _complaints(annotations_of(kind), parsed):
            raise TypeError(complaint)
    except (jsonargparse.ArgumentError, TypeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} does not hold the settings of such a run: {reason}") from error
    settings: T = _settings(kind, parser.instantiate(parsed))
    return settings


def _annotations(function: Callable[..., int]) -> dict[str, Any]:
    """Return the annotation of each option by its name."""
    flat: dict[str, Any] = {}
    for name, _, hint in _parameters(function):
        of_settings = dataclasses.is_dataclass(hint)
        flat |= annotations_of(hint) if of_settings else {name: annotations_of(function)[name]}
    return flat


def _complaints(
    annotations: Mapping[str, Any], parsed: jsonargparse.Namespace, prefix: str = ""
) -> Iterator[str]:
    """Yield a sentence for each number out of its bounds."""
    for name, annotation in annotations.items():
        if dataclasses.is_dataclass(annotation):
            yield from _complaints(annotations_of(annotation), parsed[name], f"{prefix}{name}.")
        elif complaint := complaint_about(prefix + name, annotation, parsed[name]):
            yield complaint


def _parameters(function: Callable[..., int]) -> list[tuple[str, inspect.Parameter, Any]]:
    """Return name, parameter and resolved type of each parameter."""
    hints = get_type_hints(function)
    return [(n, p, hints[n]) for n, p in inspect.signature(function).parameters.items()]


def _arguments(
    function: Callable[..., int], parsed: jsonargparse.Namespace
) -> tuple[list[Any], dict[str, Any]]:
    """Return the positional and keyword arguments with which to call `function`."""
    positional, options = [], {}
    for name, parameter, hint in _parameters(function):
        if dataclasses.is_dataclass(hint):
            options[name] = _settings(hint, parsed)
        elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            positional.append(parsed[name])
        else:
            options[name] = parsed[name]
    return positional, options


def _settings(kind: Any, parsed: jsonargparse.Namespace) -> Any:
    return kind(**{field.name: parsed[field.name] for field in dataclasses.fields(kind)})


def _description(documented: Any) -> str:
    parts = (documented.short_description, documented.long_description)
    return "\n\n".join(part for part in parts if part)


def _add(
    parser: Parser, name: str, parameter: inspect.Parameter, hint: Any, text: str | None
) -> None:
    positional = parameter.kind is inspect.Parameter.POSITIONAL_ONLY
    required = parameter.default is inspect.Parameter.empty
    keywords: dict[str, Any] = {"help": text}
    if hint is bool:
        keywords |= {"action": "store_true"}
    elif get_origin(hint) is Sequence:
        keywords |= {"type": get_args(hint)[0], "nargs": "+" if required else "*"}
    else:
        keywords |= {"type": hint} | ({"nargs": "?"} if positional and not required else {})
    if not required:
        keywords["default"] = parameter.default
    elif not positional:
        keywords["required"] = True
    parser.add_argument(name if positional else f"--{name}", **keywords)
