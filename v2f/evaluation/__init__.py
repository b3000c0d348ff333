"""How good the faces are, by judges nobody here trained: ``python -m v2f evaluate``."""
