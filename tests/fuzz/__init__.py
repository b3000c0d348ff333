"""Hostile input, made and mutated. `make test` tries some of it, `make fuzz` ten thousand mutations and more."""
