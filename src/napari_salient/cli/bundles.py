"""``export pretraining``: an encoder to be given away."""

from __future__ import annotations

from pathlib import Path

from napari_salient.cli.output import pairs, show


def export_pretraining(run: Path, folder: Path, /, *, json: bool = False) -> int:
    """Write the encoder of a pretraining as a MONAI bundle.

    The folder holds the weights, what they were taught by and on, and a page to be completed; it
    goes wherever a pretraining is asked for. Neither volumes nor their names or places on this
    machine are in it.

    Parameters
    ----------
    run
        Folder of a pretraining run, of which the newest checkpoint is taken.
    folder
        A new folder.
    json
        Print JSON instead of a table.
    """
    from napari_salient.pretraining.bundle import write_bundle

    weights = write_bundle(run, folder)
    result = {"bundle": str(folder), "weights": str(weights), "bytes": weights.stat().st_size}
    show(result, pairs(result), as_json=json)
    return 0
