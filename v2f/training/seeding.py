"""Random numbers that depend on given integers alone, such as (seed, step): so a resumed run equals a whole one."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def seeded_generator(device: torch.device, *seeds: int) -> torch.Generator:
    """Random numbers that depend on the given integers alone, such as (seed, step)."""
    return torch.Generator(device).manual_seed(mix_seeds(*seeds))


def seeded_number(*seeds: int) -> float:
    """A number in [0, 1) that depends on the given integers alone; no GPU is waited for."""
    return random.Random(mix_seeds(*seeds)).random()


@contextmanager
def seeded_initial_values(seed: int) -> Iterator[None]:
    """Networks built within get initial values by this seed; PyTorch's own random numbers go on as they were.

    They are drawn on the processor, so no GPU is touched.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def mix_seeds(*seeds: int) -> int:
    """One seed from several."""
    mix = 0
    for seed in seeds:  # SplitMix64's increment and multiplier keep neighbouring steps apart
        mix = (mix ^ seed) * 0xBF58476D1CE4E5B9 + 0x9E3779B97F4A7C15
        mix = (mix ^ (mix >> 31)) & 0x7FFFFFFFFFFFFFFF
    return mix
