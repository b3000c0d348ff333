"""An upload is read once and gone; nothing else on the disk can be read."""

import os
import time
from pathlib import Path

import pytest
import soundfile
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.conftest import MadeVoice
from v2f.audio import SAMPLE_RATE
from v2f.errors import UnreadableAudioError
from v2f.kiosk.gradio_adapter import Mishaps, delete_old_uploads, read_once


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    (tmp_path / "uploads").mkdir()
    return tmp_path / "uploads"


@pytest.fixture
def upload(uploads: Path, made_voice: MadeVoice) -> Path:
    """Two seconds of voice in a folder of its own, as Gradio leaves an upload."""
    (uploads / "a1b2").mkdir()
    soundfile.write(uploads / "a1b2" / "voice.wav", made_voice(2), SAMPLE_RATE)
    return uploads / "a1b2" / "voice.wav"


def test_an_upload_is_read_up_to_a_length_and_deleted_with_its_folder(uploads: Path, upload: Path) -> None:
    assert read_once(str(upload), uploads, 1.5).seconds == 1.5
    assert not upload.parent.exists() and uploads.exists()


def test_the_folder_of_all_uploads_stays_when_a_file_that_lies_right_in_it_goes(
    uploads: Path, upload: Path
) -> None:
    direct = upload.rename(uploads / upload.name)
    upload.parent.rmdir()
    read_once(str(direct), uploads, 60)
    assert uploads.is_dir() and not direct.exists()


def test_a_folder_with_another_upload_in_it_stays(uploads: Path, upload: Path) -> None:
    other = upload.with_name("other.wav")
    other.write_bytes(upload.read_bytes())
    read_once(str(upload), uploads, 60)
    assert not upload.exists() and other.exists()


def test_what_is_no_recording_is_deleted_too(uploads: Path, upload: Path) -> None:
    upload.write_text("not a recording")
    with pytest.raises(UnreadableAudioError):
        read_once(str(upload), uploads, 60)
    assert not upload.parent.exists()


def test_a_file_elsewhere_is_neither_read_nor_deleted(uploads: Path, upload: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(upload.read_bytes())
    (uploads / "link.wav").symlink_to(secret)
    beside = tmp_path / "uploads-of-others"
    beside.mkdir()
    (beside / "voice.wav").write_bytes(upload.read_bytes())
    paths = [
        str(secret),
        f"{uploads}/../secret.wav",
        f"{uploads}/a1b2/../../secret.wav",
        str(uploads / "link.wav"),
        str(beside / "voice.wav"),
        str(uploads),
        str(upload.parent),
        f"{uploads}/missing.wav",
        f"{uploads}/\0.wav",
        f"{uploads}/{'x' * 10_000}",
        "",
        "http://127.0.0.1/voice.wav",
    ]
    for path in paths:
        with pytest.raises(UnreadableAudioError, match="was not uploaded here"):
            read_once(path, uploads, 60)
    assert secret.exists() and upload.exists() and (beside / "voice.wav").exists()


def test_what_was_abandoned_is_swept_away(uploads: Path, upload: Path) -> None:
    broken_off = uploads / "tmp1234"
    broken_off.write_bytes(b"the first half of a file")
    hour_ago = time.time() - 3600
    for path in (upload, upload.parent, broken_off):
        os.utime(path, (hour_ago, hour_ago))
    (uploads / "c3d4").mkdir()
    (uploads / "c3d4" / "new.wav").write_bytes(b"on its way")
    delete_old_uploads(uploads, 120)
    delete_old_uploads(uploads, 120)  # the folder was touched when its file went
    assert sorted(path.name for path in uploads.rglob("*.*")) == ["new.wav"]
    assert not broken_off.exists()
    delete_old_uploads(uploads, -1)
    assert not list(uploads.iterdir())


def test_a_clock_that_is_set_back_keeps_no_upload(uploads: Path, upload: Path) -> None:
    in_an_hour = time.time() + 3600
    os.utime(upload, (in_an_hour, in_an_hour))
    delete_old_uploads(uploads, 120)
    assert not upload.exists()


def test_an_upload_that_goes_while_it_is_being_sent_is_not_found(upload: Path) -> None:
    """Gradio looks whether a file exists before it opens it."""

    async def send_back(request: Request) -> FileResponse:
        upload.unlink()
        return FileResponse(upload)

    app = Starlette(routes=[Route("/", send_back)])
    app.add_middleware(Mishaps)
    assert TestClient(app).get("/").status_code == 404
