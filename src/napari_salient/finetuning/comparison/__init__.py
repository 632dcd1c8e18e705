"""Whether pretraining paid: paired trainings at several shares of labels."""

from napari_salient.finetuning.comparison.job import compare_job

__all__ = ["compare_job"]
