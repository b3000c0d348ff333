"""What a decoder may do with a file that is made to break it, as `reader` of v2f/kiosk/decoder.py."""

import ctypes
import os
from pathlib import Path

import numpy as np


def hang(file: Path, max_seconds: float) -> np.ndarray:
    """In C, where no exception reaches it."""
    ctypes.PyDLL(None).pause()  # PyDLL: with Python's lock held
    raise AssertionError


def crash(file: Path, max_seconds: float) -> np.ndarray:
    os.kill(os.getpid(), 11)  # SIGSEGV
    raise AssertionError


def take_memory(file: Path, max_seconds: float) -> np.ndarray:
    return np.ones(1 << 29, np.float32)  # 2 GiB
