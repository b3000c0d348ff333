"""How good the faces are, by judges nobody here trained: ``v2f evaluate``."""
