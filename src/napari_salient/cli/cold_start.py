"""``project propose``: the first slices to label, before any label exists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_salient.cli.follow import exit_code, follow
from napari_salient.cli.output import show, table
from napari_salient.engine.bounds import Count

if TYPE_CHECKING:
    from napari_salient.active_learning.pool import Proposal
    from napari_salient.project.project import Project


def propose(
    project: Path,
    /,
    *,
    pretrained: Path,
    count: Count | None = None,
    json: bool = False,
    output: Path | None = None,
) -> int:
    """Put the first slices to label into a project's queue, far from each other.

    A pretrained encoder looks at every slice of the pool; chosen is first the most typical one,
    then again and again the one farthest from all others chosen. Proposals that nobody has begun
    make way. Once a round was trained, its model proposes.

    Parameters
    ----------
    project
        The project's folder.
    pretrained
        Checkpoint of a pretraining, the folder of its run, of which the newest one is taken, or the
        name of a model that ships.
    count
        How many slices; one batch of the panel if not given.
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    """
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.engine.control import Control
    from napari_salient.finetuning.cold_start import look_at_pool, propose_first
    from napari_salient.project.project import Project

    control = Control()
    with Project.open(project) as opened:
        session = LabellingSession(opened)
        looking = look_at_pool(session, pretrained, control)
        finished = follow(looking, control, "project propose")
        if exit_code(finished):
            return exit_code(finished)
        rows = [_row(opened, p) for p in propose_first(session, finished.result, count)]
    text = table(("volume", "slice", "why"), [(r["volume"], r["slice"], r["why"]) for r in rows])
    show({"proposals": rows}, text, as_json=json, output=output)
    return 0


def _row(project: Project, proposal: Proposal) -> dict[str, object]:
    return {
        "volume": project.catalogue.case(proposal.case_id).name,
        "slice": proposal.index + 1,
        "why": proposal.reason,
        "audit": proposal.audit,
    }
