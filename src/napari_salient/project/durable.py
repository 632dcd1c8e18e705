"""Files of a project are replaced as the engine replaces its own."""

from napari_salient.engine.atomic import sync_folder
from napari_salient.engine.atomic import write_atomically as write_file

__all__ = ["sync_folder", "write_file"]
