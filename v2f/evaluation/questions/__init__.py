"""A file for each question that an evaluation asks."""
