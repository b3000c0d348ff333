"""What a decoder may do with a file that is made to break it, as `reader` of v2f/kiosk/decoder.py."""

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from v2f.audio import Sound


def hang(file: Path, *asked: Any) -> Sound:
    """In C, where no exception reaches it."""
    ctypes.PyDLL(None).pause()  # PyDLL: with Python's lock held
    raise AssertionError


def crash(file: Path, *asked: Any) -> Sound:
    os.kill(os.getpid(), 11)  # SIGSEGV
    raise AssertionError


def take_memory(file: Path, *asked: Any) -> Sound:
    return Sound(np.ones(1 << 29, np.float32))  # 2 GiB


def tell_what_is_imported(file: Path, *asked: Any) -> Sound:
    return Sound(np.zeros(1, np.float32), name=" ".join(sys.modules))
