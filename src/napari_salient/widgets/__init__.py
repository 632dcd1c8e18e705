"""Everything that draws or listens: the only package that imports Qt and napari."""
