"""Finds caries on radiographs and takes advice on where to look (Bergner et al. 2022)."""
