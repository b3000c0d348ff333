"""A model is one weights file with a card, in a folder or on the Hugging Face Hub, and comes back from there."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import v2f
from v2f.__main__ import main
from v2f.errors import WeightsError
from v2f.models import Model, file_hash, hub
from v2f.models.weights import BUNDLED, find, load, save_pretrained
from v2f.pipeline import VoiceToFace

ROOT = Path(__file__).resolve().parents[2]


class Server(ThreadingHTTPServer):
    """A Hub that answers for `files`, by repository and name; a repository without files is unknown to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[tuple[str, str], bytes] = {}
        self.sent = 0  # whole files

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        repository, _, name = self.path.strip("/").partition("/resolve/main/")
        contents = self.server.files.get((repository, name))
        if contents is None:
            known = any(repository == there for there, _ in self.server.files)
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("X-Repo-Commit", hashlib.sha1(contents).hexdigest())
        self.send_header("ETag", f'"{hashlib.sha256(contents).hexdigest()}"')
        self.send_header("Content-Length", str(len(contents)))
        self.end_headers()
        if self.command == "GET":
            self.server.sent += 1
            self.wfile.write(contents)

    do_GET = do_HEAD

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """A running Hub, which huggingface_hub asks, with an empty cache."""
    constants = pytest.importorskip("huggingface_hub").constants
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield server
        server.shutdown()


@pytest.fixture
def model(server: Server, random_weights: Path) -> str:
    """The address of a model on that Hub."""
    server.files["someone/faces", hub.FILE] = random_weights.read_bytes()
    return "hf://someone/faces"


def same_face(one: VoiceToFace, other: VoiceToFace) -> bool:
    clip = v2f.examples()[0]
    return bool((one.face(clip).image == other.face(clip).image).all())


# A folder


@pytest.mark.slow
def test_a_model_comes_back_from_its_folder_with_the_same_face(random_weights: Path, tmp_path: Path) -> None:
    model = v2f.load(random_weights)
    model.save_pretrained(tmp_path / "mine")
    assert sorted(file.name for file in (tmp_path / "mine").iterdir()) == ["README.md", hub.FILE]
    assert same_face(model, VoiceToFace.from_pretrained(tmp_path / "mine"))
    assert find(tmp_path / "mine") == tmp_path / "mine" / hub.FILE


def test_the_weights_are_copied_to_the_byte_and_a_card_that_is_there_stays(
    random_weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("written by hand")
    save_pretrained(load(random_weights), tmp_path)
    assert file_hash(tmp_path / hub.FILE) == file_hash(random_weights)
    assert (tmp_path / "README.md").read_text() == "written by hand"
    save_pretrained(load(tmp_path), tmp_path)
    assert file_hash(tmp_path / hub.FILE) == file_hash(random_weights)


def test_the_card_of_the_bundled_model_says_its_licence_origin_and_limits(tmp_path: Path) -> None:
    cards = pytest.importorskip("huggingface_hub")
    save_pretrained(load(BUNDLED), tmp_path)
    card = cards.ModelCard.load(tmp_path / "README.md")
    assert (card.data.license, card.data.library_name) == ("apache-2.0", "v2f")
    for told in (
        "128x128",
        "nobody's likeness",
        "What it learned from",
        "CC BY 4.0",
        "Who was never trained on",
    ):
        assert told in card.text
    assert "OFL" not in card.text, "of the bundled fonts"


@pytest.mark.parametrize(
    ("stated", "licence", "told"),
    [
        ({"licence": "GPL-3.0 (research code)"}, "gpl-3.0", "GPL-3.0 (research code)"),
        ({"name": "ours"}, "other", "the weights state none"),
    ],
)
def test_the_card_of_other_weights_says_what_they_state(
    stated: dict[str, str], licence: str, told: str
) -> None:
    cards = pytest.importorskip("huggingface_hub")
    card = cards.ModelCard(hub.card({**stated, "trained on": "a\nb"}, 64, bundled=False))
    assert card.data.license == licence and told in card.text and "64x64" in card.text
    assert "trained on" not in card.text, "people are not named"


def test_what_cannot_be_saved_or_is_no_model_costs_one_sentence(random_weights: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    loaded = load(random_weights)
    in_memory = Model(loaded.config, loaded.encoder, loaded.generator, None, None, None, {})
    with pytest.raises(WeightsError, match="could not be written to .*file"):
        save_pretrained(loaded, tmp_path / "file")
    with pytest.raises(WeightsError, match="not read from a weights file"):
        save_pretrained(in_memory, tmp_path)
    with pytest.raises(WeightsError, match="folder without a v2f.safetensors"):
        find(tmp_path)


# The Hub


@pytest.mark.slow  # huggingface_hub tries again before it takes the cached file
def test_a_model_is_fetched_once_and_found_again_without_a_network(server: Server, model: str) -> None:
    path = find(model)
    assert path.read_bytes() == server.files["someone/faces", hub.FILE]
    assert find(model) == find(Path(model)) == path and server.sent == 1
    server.shutdown()
    server.server_close()
    assert find(model) == path


def test_a_new_version_is_fetched(server: Server, model: str, large_weights: Path) -> None:
    find(model)
    server.files["someone/faces", hub.FILE] = large_weights.read_bytes()
    assert find(model).read_bytes() == large_weights.read_bytes()


def test_a_damaged_download_is_noticed_by_its_own_digest(server: Server, model: str) -> None:
    contents = bytearray(server.files["someone/faces", hub.FILE])
    contents[-1] ^= 1
    server.files["someone/faces", hub.FILE] = bytes(contents)
    with pytest.raises(WeightsError, match="do not match its own digest"):
        load(model)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("hf://faces", "has the form hf://owner/name"),
        ("hf://a/b/c", "has the form hf://owner/name"),
        ("hf://../..", "has the form hf://owner/name"),
        ("hf://", "has the form hf://owner/name"),
        ("hf://nobody/nothing", "no model nobody/nothing"),
        ("hf://someone/text", "holds no v2f.safetensors"),
    ],
)
def test_a_wrong_name_costs_one_sentence(
    server: Server, model: str, address: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.files["someone/text", "model.bin"] = b"x"
    assert main(["weights", "show", address]) == 1
    complaint = capsys.readouterr().err
    assert sentence in complaint and complaint.startswith("v2f: ") and complaint.count("\n") == 1


def test_without_a_network_and_a_cached_file_one_sentence_says_so(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What HF_HUB_OFFLINE sets; of a dead server it says the same, after half a minute of trying.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match="check the connection"):
        find(model)


@pytest.mark.slow
def test_the_command_line_and_from_pretrained_take_a_model_of_the_server_in_hf_endpoint(
    server: Server, model: str, tmp_path: Path
) -> None:
    environment = {**os.environ, "HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "v2f", "face", str(v2f.examples()[0]), "-o", str(tmp_path / "faces")]
    done = subprocess.run(
        [*command, "--weights", model], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "faces").glob("*.png"))) == 1
    assert same_face(VoiceToFace.from_pretrained("someone/faces"), v2f.load(model))
