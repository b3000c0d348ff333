"""Mutations of a good file: what a bad disk, a broken transfer or somebody with bad intentions makes of it."""

from collections.abc import Callable
from functools import reduce

from hypothesis import strategies as st

Mutation = Callable[[bytes], bytes]
EDGES = (
    b"\0" * 4,
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x80\0\0\0",
    b"\1\0\0\0",
    b"\0" * 8,
    b"\xff" * 8,
)


def mutated(contents: bytes) -> st.SearchStrategy[bytes]:
    """The contents after one to six mutations, most of them near the start, where headers are."""
    size = max(1, len(contents))
    place = st.one_of(st.integers(0, min(size, 256) - 1), st.integers(0, size - 1))
    mutation = st.one_of(
        st.builds(flip, place, st.integers(0, 7)),
        st.builds(overwrite, place, st.one_of(st.sampled_from(EDGES), st.binary(min_size=1, max_size=16))),
        st.builds(insert, place, st.binary(min_size=1, max_size=64)),
        st.builds(remove, place, st.integers(1, size)),
        st.builds(repeat, place, st.integers(1, 4096)),
        st.builds(cut, place),
    )
    return st.lists(mutation, min_size=1, max_size=6).map(
        lambda all_: reduce(lambda b, m: m(b), all_, contents)
    )


def flip(place: int, bit: int) -> Mutation:
    def change(contents: bytes) -> bytes:
        if place >= len(contents):
            return contents
        return contents[:place] + bytes([contents[place] ^ 1 << bit]) + contents[place + 1 :]

    return change


def overwrite(place: int, value: bytes) -> Mutation:
    return lambda contents: contents[:place] + value + contents[place + len(value) :]


def insert(place: int, value: bytes) -> Mutation:
    return lambda contents: contents[:place] + value + contents[place:]


def remove(place: int, count: int) -> Mutation:
    return lambda contents: contents[:place] + contents[place + count :]


def repeat(place: int, count: int) -> Mutation:
    return lambda contents: contents[: place + count] + contents[place:]


def cut(place: int) -> Mutation:
    return lambda contents: contents[:place]
