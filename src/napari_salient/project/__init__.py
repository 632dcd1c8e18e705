"""The labelling project on disk: catalogue, journal, splits, measurements."""
