"""The command line: ``napari-salient VERB NOUN ...``.

Importing this package and asking for help must stay fast: only the command that is named is
imported.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from napari_salient.cli.commands import (
    WrongUsage,
    find_command,
    help_text,
    version_text,
    wrong_usage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
"""The exit codes. Interrupted means that the state was saved before."""

IN_SEVERAL = (("train", "pretraining"),)
"""The commands that torchrun may start in several processes."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    argv
        Words after the program's name; those of the process by default.

    Returns
    -------
    int
        0 done, 1 failed with one sentence on standard error, 2 wrong usage, 130 interrupted after
        saving.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words == ["--version"]:
        print(version_text())
        return DONE
    command = find_command(words)
    if command is None:
        return _help_or_complaint(words)
    from napari_salient.cli.parser import call
    from napari_salient.engine.ranks import count

    if count() > 1 and command.words not in IN_SEVERAL:
        print(f"{command.name} works in one process; start it without torchrun.", file=sys.stderr)
        return WRONG_USAGE
    return _guarded(lambda: call(command, words[len(command.words) :]))


def _help_or_complaint(words: Sequence[str]) -> int:
    asked = bool(words) and words[-1] in ("-h", "--help")
    leading = words[:-1] if asked else words
    text = help_text(leading)
    if asked and text:
        print(text)
        return DONE
    print(text or wrong_usage(leading), file=sys.stderr)
    return WRONG_USAGE


def _guarded(run: Callable[[], int]) -> int:
    """Return the exit code of `run`, with the errors that a user can mend as one sentence."""
    from napari_salient.errors import SalientError

    _hide_future_warnings()
    try:
        return run()
    except SalientError as error:
        print(f"napari-salient: {error}", file=sys.stderr)
        return FAILED
    except WrongUsage as error:
        print(f"napari-salient: {error}", file=sys.stderr)
        return WRONG_USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        place = f" for {error.filename}" if error.filename else ""
        print(
            f"napari-salient: The system reports '{error.strerror or error}'{place}; mend that or "
            "choose another place, then repeat the command.",
            file=sys.stderr,
        )
        return FAILED


def _hide_future_warnings() -> None:
    """Keep from standard error what libraries will change one day, unless it is asked for."""
    import warnings

    if not sys.warnoptions:
        warnings.filterwarnings("ignore", category=FutureWarning)
