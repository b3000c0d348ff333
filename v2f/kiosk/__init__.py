"""The page: a visitor records or drops a voice and sees the faces a model makes of it, also in noise."""
