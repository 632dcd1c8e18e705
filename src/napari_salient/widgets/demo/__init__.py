"""The sample session of ``napari-salient demo``: brains, an oracle, a first round of training."""

from napari_salient.widgets.demo.session import run

__all__ = ["run"]
