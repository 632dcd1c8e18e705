"""Grading pictures, such as retinopathy of the fundus, from a pretrained encoder."""
