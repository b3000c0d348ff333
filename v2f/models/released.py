"""The authors' released weights: fetched or found, verified, and converted into one weights file in the user's cache.

The authors published two pickled state dicts as research code under GPL-3.0. They are read nowhere but here,
only after their bytes have the git blob hash written below, and then with ``weights_only=True``.
"""

import hashlib
import http.client
import io
import pickle
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch
from torch import nn
from tqdm import tqdm

from v2f.errors import WeightsError
from v2f.models.networks import Generator, NetworkConfig, VoiceEncoder
from v2f.models.weights import released_path, save_networks

REPOSITORY = "github.com/cmu-mlsp/reconstructing_faces_from_voices"
BASE_URL = (
    "https://raw.githubusercontent.com/cmu-mlsp/reconstructing_faces_from_voices/master/pretrained_models"
)
TIMEOUT_SECONDS = 30.0
BLOCK = 1 << 18  # bytes read at a time
RANGE_NOT_SATISFIABLE = 416  # what a server answers when nothing is left to send


@dataclass(frozen=True)
class ReleasedFile:
    """One published file: its name, and the git blob hash its bytes must have."""

    name: str
    git_blob: str


RELEASED: Mapping[str, ReleasedFile] = MappingProxyType(
    {
        "encoder": ReleasedFile("voice_embedding.pth", "b7c6970b72faf885cf6b2d630396162b146d9471"),
        "generator": ReleasedFile("generator.pth", "545b5b1f4af228a75391550bd33fd04d214d42cf"),
    }
)


def pull(
    destination: Path | None = None,
    base_url: str = BASE_URL,
    files: Mapping[str, ReleasedFile] = RELEASED,
    folder: Path | None = None,
) -> Path:
    """Fetch the authors' weights and convert them, unchanged, into one weights file; returns its path.

    An interrupted download goes on where it stopped. `destination` defaults to the place in the user's cache
    where `load("released")` looks. Of a `folder` the files are read that lie there already. Raises WeightsError when
    the server cannot be reached, it or the folder has something else, or the disk refuses.
    """
    destination = destination or released_path()
    config = NetworkConfig("released")
    with torch.device("meta"):  # every value comes from the files
        networks: dict[str, nn.Module] = {"encoder": VoiceEncoder(config), "generator": Generator(config)}
    parts: list[Path] = []
    for name, network in networks.items():
        file = files[name]
        if folder is None:
            parts.append(part := destination.with_name(f"{file.name}.part"))
            _download(f"{base_url}/{file.name}", part, file.name)
            contents = _verified_bytes(part, file)
        else:
            contents = _bytes_in(folder, file)
        _adopt(network, contents, file.name)
    provenance = {
        "name": "weights released by the method's authors",
        "source": REPOSITORY,
        "licence": "GPL-3.0 (research code)",
        **{f"git blob of {file.name}": file.git_blob for file in files.values()},
    }
    save_networks(destination, networks, config, provenance, half=False)
    for part in parts:
        part.unlink(missing_ok=True)
    return destination


def git_blob_hash(contents: bytes) -> str:
    """The name git gives to a file's contents: SHA-1 over a short header and the bytes."""
    return hashlib.sha1(b"blob %d\0" % len(contents) + contents).hexdigest()


def _download(url: str, part: Path, label: str) -> None:
    """Append to `part` what the server still has to send of `url`."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        have = part.stat().st_size if part.exists() else 0
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            _receive(response, part, have, label)
    except urllib.error.HTTPError as error:
        if error.code == RANGE_NOT_SATISFIABLE:
            return  # all of it is here already; the hash will tell
        raise WeightsError(
            f"The server answered {error.code} ({error.reason}) for {label}; try later."
        ) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        reason = getattr(reason, "strerror", None) or reason
        raise WeightsError(
            f"{label} could not be fetched ({reason}); check the connection and run the command again, "
            "it goes on where it stopped."
        ) from error
    except OSError as error:
        raise WeightsError(
            f"{label} could not be stored in {part.parent}: {error.strerror or error}."
        ) from error


def _receive(response: http.client.HTTPResponse, part: Path, have: int, label: str) -> None:
    resumed = response.status == http.client.PARTIAL_CONTENT
    start = have if resumed else 0  # a server without ranges sends everything from the start
    length = response.headers.get("Content-Length")
    expected = start + int(length) if length else None
    with (
        open(part, "ab" if resumed else "wb") as file,
        tqdm(
            desc=label,
            total=expected,
            initial=start,
            unit="B",
            unit_scale=True,
            unit_divisor=1024,
            disable=None,
        ) as bar,
    ):
        while block := response.read(BLOCK):
            file.write(block)
            bar.update(len(block))
        received = file.tell()
    if expected is not None and received < expected:
        raise http.client.IncompleteRead(b"", expected - received)


def _verified_bytes(part: Path, file: ReleasedFile) -> bytes:
    """The downloaded bytes if their hash is right; else the file is deleted, so that a retry starts anew."""
    contents = part.read_bytes()
    if git_blob_hash(contents) != file.git_blob:
        part.unlink()
        raise WeightsError(
            f"{file.name} is not the file the authors published (its hash differs), so it was not opened and "
            "has been deleted; run the command again."
        )
    return contents


def _bytes_in(folder: Path, file: ReleasedFile) -> bytes:
    """The bytes of a file that somebody has, if their hash is right; it is left as it is."""
    try:
        contents = (folder / file.name).read_bytes()
    except OSError as error:
        raise WeightsError(f"{folder / file.name} cannot be read: {error.strerror}.") from error
    if git_blob_hash(contents) != file.git_blob:
        raise WeightsError(
            f"{folder / file.name} is not the file the authors published (its hash differs), so it was not opened."
        )
    return contents


def _adopt(network: nn.Module, contents: bytes, label: str) -> None:
    try:
        state = torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True)
        network.load_state_dict(state, assign=True)
    except (RuntimeError, pickle.UnpicklingError, TypeError, EOFError) as error:
        raise WeightsError(f"{label} holds no weights of the expected layout.") from error
