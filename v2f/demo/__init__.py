"""The demonstration: a corpus whose licences allow it, and the bundled model, which is trained on it."""
