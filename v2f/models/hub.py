"""Models on the Hugging Face Hub: a folder of the weights file and a model card, and weights fetched by name.

A model of the Hub is one `FILE`, the same that `save_networks` writes, beside a README.md. huggingface_hub's mixin
would add a config.json that says again what the weights file says of itself, so only its download is used, with its
cache (``$HF_HOME``), token (``$HF_TOKEN``) and server (``$HF_ENDPOINT``).
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from v2f.assets import ASSETS
from v2f.errors import WeightsError

FILE = "v2f.safetensors"
PREFIX = "hf://"
SCHEME = re.compile(r"hf:/+")  # a Path makes one slash of two
NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
CARD = """---
library_name: v2f
license: {licence}
tags: [voice-to-face, speech, safetensors]
---

# {title}

A face from a voice: a voice encoder turns speech, mono at 16 kHz, into 64 numbers, and a generator turns these into a
picture of {size}x{size} pixels.

    pip install "v2f[hub]"
    v2f face recording.wav -o faces/ --weights hf://OWNER/NAME

**Limits.** The face is a model's guess about people who sound alike, and nobody's likeness. Do not use it to find,
recognise or describe anyone. Hair, background and clothes are not in a voice.

{origin}
"""


def fetch(address: str) -> Path:
    """The weights file of ``hf://owner/name``, from the Hub, or from the cache where it is there and up to date.

    Without a network the cached one is taken. Raises WeightsError for a bad name, and where there is no such model,
    no weights file in it, or no connection.
    """
    name = SCHEME.sub("", address, count=1)
    if not NAME.fullmatch(name):
        raise WeightsError(f"{address} names no model of the Hub; it has the form hf://owner/name.")
    from huggingface_hub import errors as problems
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(name, FILE, library_name="v2f"))
    except problems.HFValidationError as error:
        raise WeightsError(
            f"{address} names no model of the Hub; it has the form hf://owner/name."
        ) from error
    except problems.RepositoryNotFoundError as error:
        raise WeightsError(
            f"The Hub has no model {name}, or it asks for a token, which `hf auth login` stores."
        ) from error
    except problems.LocalEntryNotFoundError as error:
        raise WeightsError(
            f"{name} could not be fetched from the Hub, and was not before; check the connection."
        ) from error
    except problems.EntryNotFoundError as error:
        raise WeightsError(f"{name} on the Hub holds no {FILE}, so it is no model of v2f.") from error
    except (problems.HTTPError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0].rstrip(".")
        raise WeightsError(f"{name} could not be fetched from the Hub ({reason}); try later.") from error


def in_folder(folder: Path) -> Path:
    """The weights file of a folder that `write` made; raises WeightsError where there is none."""
    if not (folder / FILE).is_file():
        raise WeightsError(f"{folder} is a folder without a {FILE}; name a weights file.")
    return folder / FILE


def write(weights: Path, provenance: Mapping[str, str], image_size: int, folder: Path, bundled: bool) -> None:
    """Make a folder that can be uploaded to the Hub: the weights, unchanged, and a model card unless one is there.

    `bundled` says that they are the weights that come with v2f, whose card says where they come from.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if weights.resolve() != (folder / FILE).resolve():
            shutil.copyfile(weights, folder / FILE)
        if not (folder / "README.md").exists():
            (folder / "README.md").write_text(card(provenance, image_size, bundled), "utf-8")
    except OSError as error:
        raise WeightsError(
            f"The model could not be written to {folder}: {error.strerror or error}."
        ) from error


def card(provenance: Mapping[str, str], image_size: int, bundled: bool) -> str:
    """A model card, in Markdown behind the Hub's header: what the model is, its licence, limits and origin."""
    if bundled:
        text = (ASSETS / "README.md").read_text("utf-8").partition("\n## ")[2].partition("\n## ")[0]
        fields: dict[str, Any] = {"title": "v2f's bundled model", "licence": "apache-2.0"}
        fields["origin"] = "## " + text.strip()
    else:
        stated = provenance.get("licence", "")
        fields = {"title": provenance.get("name", "A voice-to-face model")}
        fields["licence"] = "gpl-3.0" if stated.startswith("GPL-3.0") else "other"
        told = [
            f"- {key}: {value}" for key, value in provenance.items() if len(value) < 200 and "\n" not in value
        ]
        if not stated:
            told.append("- licence: the weights state none; ask whoever trained them")
        fields["origin"] = "## Origin, as the weights tell\n\n" + "\n".join(told)
    return CARD.format(size=image_size, **fields)
