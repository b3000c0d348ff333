"""Where the files that come with v2f are: the bundled weights, example clips and fonts."""

from pathlib import Path

_IN_WHEEL = Path(__file__).with_name("_assets")  # pyproject.toml puts the repository's folder there
ASSETS = _IN_WHEEL if _IN_WHEEL.is_dir() else Path(__file__).resolve().parents[1] / "assets"
EXAMPLES = ASSETS / "examples"  # recordings of LibriSpeech readers, FLAC
MEASURED = ASSETS / "v2f-demo.measured.json"  # of the bundled weights; see v2f/report/measured.py
READERS = ASSETS / "readers"  # two clips each of a dozen more, Opus: the game "Find my voice"
