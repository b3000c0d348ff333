"""The authors' files are fetched, verified before they are opened, and converted unchanged."""

import io
import pickle
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from torch import Tensor

from v2f.__main__ import main
from v2f.errors import WeightsError
from v2f.models import load
from v2f.models.released import RELEASED, ReleasedFile, git_blob_hash, pull

VOICE_WIDTHS = [64, 256, 384, 576, 864]
GENERATOR_KERNELS = [(64, 1024, 4), (1024, 512, 4), (512, 256, 4), (256, 128, 4), (128, 64, 4), (64, 3, 1)]


def released_voice_embedding() -> dict[str, Tensor]:
    """A state dict with the keys and shapes of the authors' voice_embedding.pth."""
    state: dict[str, Tensor] = {}
    for block, (channels, width) in enumerate(zip(VOICE_WIDTHS, VOICE_WIDTHS[1:], strict=False)):
        state[f"model.{3 * block}.weight"] = torch.randn(width, channels, 3) * 0.05
        norm = f"model.{3 * block + 1}"
        state[f"{norm}.weight"] = torch.rand(width)
        state[f"{norm}.bias"] = torch.randn(width)
        state[f"{norm}.running_mean"] = torch.randn(width)
        state[f"{norm}.running_var"] = torch.rand(width) + 0.5
        state[f"{norm}.num_batches_tracked"] = torch.tensor(50_000)
    state["model.12.weight"] = torch.randn(64, 864, 3) * 0.05
    state["model.12.bias"] = torch.randn(64)
    return state


def released_generator() -> dict[str, Tensor]:
    """A state dict with the keys and shapes of the authors' generator.pth."""
    state: dict[str, Tensor] = {}
    for block, (channels, width, kernel) in enumerate(GENERATOR_KERNELS):
        state[f"model.{2 * block}.weight"] = torch.randn(channels, width, kernel, kernel) * 0.02
        state[f"model.{2 * block}.bias"] = torch.randn(width) * 0.02
    return state


def pickled(thing: object) -> bytes:
    """As torch wrote files in 2019, before it changed to zip archives."""
    buffer = io.BytesIO()
    torch.save(thing, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


class Server(ThreadingHTTPServer):
    """Serves `files`; can ignore ranges, break off after some bytes, or answer with an error status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.ranges: list[str | None] = []
        self.knows_ranges = True
        self.break_after: int | None = None
        self.status: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/models"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        contents = server.files[self.path.removeprefix("/models/")]
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        if server.status:
            return self.send_error(server.status)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and server.knows_ranges else 0
        if start and start >= len(contents):
            return self.send_error(416)
        body = contents[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.break_after])

    def log_message(self, *_arguments: object) -> None:
        """Keep the test output clean."""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the local server directly, whatever proxy this machine uses."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def published() -> dict[str, bytes]:
    torch.manual_seed(1)
    return {
        "voice_embedding.pth": pickled(released_voice_embedding()),
        "generator.pth": pickled(released_generator()),
    }


@pytest.fixture(scope="module")
def table(published: dict[str, bytes]) -> dict[str, ReleasedFile]:
    return {
        network: ReleasedFile(file.name, git_blob_hash(published[file.name]))
        for network, file in RELEASED.items()
    }


@pytest.fixture
def server(published: dict[str, bytes]) -> Iterator[Server]:
    with Server() as server:
        server.files = dict(published)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def goal(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "released.safetensors"


def test_git_blob_hash_is_gits() -> None:
    assert git_blob_hash(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_released_state_dicts_load_unchanged(server: Server, table, published, goal: Path) -> None:
    assert pull(goal, server.url, table) == goal
    model = load(goal)
    for network, name in ((model.encoder, "voice_embedding.pth"), (model.generator, "generator.pth")):
        expected = torch.load(io.BytesIO(published[name]), weights_only=True)
        state = network.state_dict()
        assert state.keys() == expected.keys()
        assert all(torch.equal(state[key], tensor) for key, tensor in expected.items())
    assert model.trunk is None and model.discriminator is None
    assert "GPL-3.0" in model.provenance["licence"]
    assert table["encoder"].git_blob in model.provenance.values()
    assert list(goal.parent.iterdir()) == [goal], "the downloaded parts should be gone"


def test_the_default_place_is_where_load_looks(server: Server, table, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert pull(base_url=server.url, files=table) == tmp_path / "v2f" / "released.safetensors"
    assert load("released").config.reading == "released"


def test_a_download_that_breaks_off_goes_on_where_it_stopped(server: Server, table, goal: Path) -> None:
    server.break_after = 1_000_000
    with pytest.raises(WeightsError, match="goes on where it stopped"):
        pull(goal, server.url, table)
    assert not goal.exists()
    server.break_after = None
    pull(goal, server.url, table)
    assert server.ranges == [None, "bytes=1000000-", None]
    load(goal)


def test_a_finished_part_is_not_fetched_again(server: Server, table, published, goal: Path) -> None:
    goal.parent.mkdir()
    part = goal.with_name("voice_embedding.pth.part")
    part.write_bytes(published["voice_embedding.pth"])
    pull(goal, server.url, table)
    assert server.ranges == [f"bytes={len(published['voice_embedding.pth'])}-", None]
    load(goal)


def test_a_server_without_ranges_starts_over(server: Server, table, published, goal: Path) -> None:
    server.knows_ranges = False
    goal.parent.mkdir()
    goal.with_name("voice_embedding.pth.part").write_bytes(published["voice_embedding.pth"][:5000])
    pull(goal, server.url, table)
    load(goal)


class Trap:
    """Unpickled, this would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_an_altered_file_is_deleted_unopened(server: Server, table, goal: Path, tmp_path: Path) -> None:
    server.files["voice_embedding.pth"] = pickle.dumps(Trap(tmp_path / "sprung"), protocol=2)
    with pytest.raises(WeightsError, match="not the file the authors published"):
        pull(goal, server.url, table)
    assert not (tmp_path / "sprung").exists()
    assert list(goal.parent.iterdir()) == []


def test_a_pickle_with_code_is_refused_even_if_its_hash_were_right(
    server: Server, table, goal: Path, tmp_path: Path
) -> None:
    trap = pickle.dumps(Trap(tmp_path / "sprung"), protocol=2)
    server.files["voice_embedding.pth"] = trap
    files = {**table, "encoder": ReleasedFile("voice_embedding.pth", git_blob_hash(trap))}
    with pytest.raises(WeightsError, match="no weights of the expected layout"):
        pull(goal, server.url, files)
    assert not (tmp_path / "sprung").exists()


def test_weights_of_another_layout_are_refused(server: Server, table, goal: Path) -> None:
    other = pickled({"model.0.weight": torch.zeros(3)})
    server.files["generator.pth"] = other
    files = {**table, "generator": ReleasedFile("generator.pth", git_blob_hash(other))}
    with pytest.raises(WeightsError, match=r"generator\.pth holds no weights"):
        pull(goal, server.url, files)
    assert not goal.exists()


def test_a_servers_error_is_one_sentence(server: Server, table, goal: Path) -> None:
    server.status = 503
    with pytest.raises(WeightsError, match=r"answered 503 .* voice_embedding\.pth; try later\.$"):
        pull(goal, server.url, table)


def test_offline_is_one_sentence(table, goal: Path) -> None:
    with pytest.raises(WeightsError, match="check the connection") as error:
        pull(goal, "http://127.0.0.1:9/models", table)
    assert "\n" not in str(error.value) and "Errno" not in str(error.value)


def test_a_cache_that_cannot_be_written_is_one_sentence(server: Server, table, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match="could not be stored"):
        pull(tmp_path / "cache" / "released.safetensors", server.url, table)


@pytest.fixture
def folder(published: dict[str, bytes], tmp_path: Path) -> Path:
    """The authors' files where somebody has put them."""
    (tmp_path / "pretrained_models").mkdir()
    for name, contents in published.items():
        (tmp_path / "pretrained_models" / name).write_bytes(contents)
    return tmp_path / "pretrained_models"


def test_files_that_lie_there_already_are_taken_and_left(folder: Path, table, published, goal: Path) -> None:
    assert pull(goal, "http://127.0.0.1:9/nowhere", table, folder) == goal
    state = load(goal).generator.state_dict()
    expected = torch.load(io.BytesIO(published["generator.pth"]), weights_only=True)
    assert all(torch.equal(state[key], tensor) for key, tensor in expected.items())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == published


def test_an_altered_file_is_left_unopened(folder: Path, table, goal: Path, tmp_path: Path) -> None:
    trap = pickle.dumps(Trap(tmp_path / "sprung"), protocol=2)
    (folder / "generator.pth").write_bytes(trap)
    with pytest.raises(WeightsError, match=r"generator\.pth is not the file the authors published"):
        pull(goal, files=table, folder=folder)
    assert not (tmp_path / "sprung").exists() and not goal.exists()
    assert (folder / "generator.pth").read_bytes() == trap


def test_a_folder_without_the_files_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", "pull", "released", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "voice_embedding.pth cannot be read: No such file" in said and said.count("\n") == 1
