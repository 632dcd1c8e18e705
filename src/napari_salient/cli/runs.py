"""``runs``: what was trained, with what settings, how it goes; and steering what goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.cli.follow import exit_code, watch
from napari_salient.cli.output import pairs, show, table
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_salient.engine.events import Event
    from napari_salient.engine.orders import RemoteControl
    from napari_salient.engine.run import Run


def list_all(place: Path = Path(), /, *, json: bool = False, output: Path | None = None) -> int:
    """List the runs of a project, the newest first.

    Parameters
    ----------
    place
        A project's folder or a folder of runs.
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    """
    rows = [_overview(run) for run in _runs_in(place)]
    if rows:
        text = table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        text = f"There are no runs in {place.absolute()}."
    show({"runs": rows}, text, as_json=json, output=output)
    return 0


def show_run(
    place: Path = Path(),
    /,
    *,
    run: str | None = None,
    json: bool = False,
    output: Path | None = None,
) -> int:
    """Show one run: its state, its settings and its figures.

    Parameters
    ----------
    place
        A run's folder, or a project or folder of runs, of which the newest run is taken.
    run
        Name of the run, if not the newest one.
    json
        Print JSON, which has the loss of every step, instead of a table.
    output
        Also write the JSON to this file.
    """
    from napari_salient.engine.run import read_events

    chosen = _choose(place, run)
    history = _History()
    for time, event in read_events(chosen.directory):
        history.add(time.isoformat(timespec="seconds"), event)
    settings = _settings_text(chosen)
    text = "\n\n".join([pairs({**_overview(chosen), **history.figures()}), settings]).rstrip()
    result = {**_overview(chosen), "settings": settings, **vars(history)}
    show(result, text, as_json=json, output=output)
    return 0


def follow_run(place: Path = Path(), /, *, run: str | None = None) -> int:
    """Follow a run that another process works on, from its first event to its end.

    Ends with the run's own exit code. Ctrl-C ends the following, not the run.

    Parameters
    ----------
    place
        A run's folder, or a project or folder of runs, of which the newest run is taken.
    run
        Name of the run, if not the newest one.
    """
    from napari_salient.engine.control import Control
    from napari_salient.engine.run import follow_events

    chosen = _choose(place, run)
    events = (event for _, event in follow_events(chosen.directory, Control()))
    return exit_code(watch(events, chosen.id))


def pause_run(place: Path = Path(), /, *, run: str | None = None) -> int:
    """Let a run that another process works on wait at its next opportunity.

    Parameters
    ----------
    place
        A run's folder, or a project or folder of runs, of which the newest run is taken.
    run
        Name of the run, if not the newest one.
    """
    chosen = _choose(place, run)
    _remote(chosen).pause()
    print(f"{chosen.id} was told to pause; napari-salient runs resume lets it go on.")
    return 0


def resume_run(place: Path = Path(), /, *, run: str | None = None) -> int:
    """Let a paused run that another process works on go on.

    Parameters
    ----------
    place
        A run's folder, or a project or folder of runs, of which the newest run is taken.
    run
        Name of the run, if not the newest one.
    """
    chosen = _choose(place, run)
    _remote(chosen).resume()
    print(f"{chosen.id} was told to go on.")
    return 0


def cancel_run(place: Path = Path(), /, *, run: str | None = None) -> int:
    """Let a run that another process works on save and end, also out of a pause.

    Parameters
    ----------
    place
        A run's folder, or a project or folder of runs, of which the newest run is taken.
    run
        Name of the run, if not the newest one.
    """
    chosen = _choose(place, run)
    _remote(chosen).cancel()
    print(f"{chosen.id} was told to save and end.")
    return 0


class _History:
    """What the events of a run say, in the form of its curves."""

    def __init__(self) -> None:
        self.started: str | None = None
        self.last_event: str | None = None
        self.loss: list[tuple[int, float]] = []
        self.evaluations: list[dict[str, float]] = []
        self.messages: list[str] = []

    def add(self, time: str, event: Event) -> None:
        from napari_salient.engine.events import Evaluated, Finished, Step

        self.started = self.started or time
        self.last_event = time
        if isinstance(event, Step):
            self.loss.append((event.step, event.loss))
        elif isinstance(event, Evaluated):
            self.evaluations.append({"step": event.step, **event.metrics})
        elif isinstance(event, Finished):
            self.messages.append(f"{event.reason}. {event.message}".rstrip())

    def figures(self) -> dict[str, Any]:
        """Return the last of each curve."""
        found: dict[str, Any] = {"started": self.started, "last event": self.last_event}
        if self.loss:
            found |= {"step": self.loss[-1][0], "loss": self.loss[-1][1]}
        if self.evaluations:
            found |= {k: v for k, v in self.evaluations[-1].items() if k != "step"}
        return found | ({"ended": self.messages[-1]} if self.messages else {})


def _runs_in(place: Path) -> list[Run]:
    from napari_salient.engine.run import list_runs

    if not place.is_dir():
        raise InputError(f"There is no folder {place}; name a project or a folder of runs.")
    is_project = (place / "project.toml").exists()
    return list_runs(place / "runs" if is_project else place)


def _choose(place: Path, name: str | None) -> Run:
    from napari_salient.engine.run import SETTINGS, Run

    if (place / SETTINGS).exists():
        return Run.open(place)
    runs = _runs_in(place)
    if name is None and runs:
        return runs[0]
    for run in runs:
        if run.id == name:
            return run
    what = f"no run {name}" if name else "no run"
    raise InputError(f"There is {what} in {place.absolute()}; see napari-salient runs list.")


def _remote(run: Run) -> RemoteControl:
    from napari_salient.engine.orders import RemoteControl

    return RemoteControl(run.directory)


def _overview(run: Run) -> Mapping[str, Any]:
    state = "cancelled" if run.was_cancelled else run.state.value
    return {"run": run.id, "state": state, "folder": str(run.directory)}


def _settings_text(run: Run) -> str:
    from napari_salient.engine.run import SETTINGS

    return (run.directory / SETTINGS).read_text(encoding="utf-8")
