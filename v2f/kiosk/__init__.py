"""The page: a visitor records or drops a voice and sees the faces that a model generates from it, also in noise."""
