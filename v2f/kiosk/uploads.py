"""Files on their way in: read once, then gone; those that nobody reads go soon after."""

import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from v2f.audio import read_audio
from v2f.errors import UnreadableAudioError


def read_once(path: str, uploads: Path, max_seconds: float) -> NDArray[np.float32]:
    """Read an upload, as `read_audio` does, and delete it, with the folder that was made for it.

    Only what lies within `uploads` is read. Raises UnreadableAudioError.
    """
    try:
        file = Path(path).resolve()
        if not file.is_relative_to(uploads.resolve()) or not file.is_file():
            raise ValueError
    except (ValueError, OSError):  # also a path that no file can have
        raise UnreadableAudioError("This file was not uploaded here.") from None
    try:
        return read_audio(file, max_seconds)
    finally:
        file.unlink(missing_ok=True)
        with suppress(OSError):  # it holds another upload
            file.parent.rmdir()


def sweep(uploads: Path, seconds: float) -> None:
    """Delete what nobody has written to for so long: uploads that were abandoned, or broke off on their way."""
    limit = time.time() - seconds
    for path in sorted(uploads.rglob("*"), reverse=True):  # a folder after what lies in it
        with suppress(OSError):  # it has just been read, or holds something newer
            if path.stat().st_mtime < limit:
                path.rmdir() if path.is_dir() else path.unlink()
