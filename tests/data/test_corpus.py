"""A researcher points at the folders as downloaded: real recordings and portraits, in the shapes that corpora have."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image, ImageFilter

from v2f.data.corpus import prepare_corpus
from v2f.data.shards import engine
from v2f.data.sources import Found, find_faces, find_voices
from v2f.data.store import Store

pytestmark = pytest.mark.slow

NAMES = ["A.J. Buckley", "Carla Gugino", "Frances Fisher", "Zoë Wanamaker", "Only Voices"]  # B, C and F to Z
IDS = [f"id1000{i}" for i in range(1, 6)]
REASONS = {
    "unreadable recording",
    "too little speech",
    "unreadable picture",
    "no face",
    "several faces",
    "not frontal",
    "too small",
    "too blurred",
}


@pytest.fixture
def readers(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "speech" / "librispeech").rglob("*.flac"))[:10]


@pytest.fixture
def portraits(shared_data: Path) -> list[Path]:
    with (shared_data / "portraits" / "portraits.csv").open(newline="") as file:
        grown = [row["file"] for row in csv.DictReader(file) if row["source"] == "congress"]
    return [shared_data / "portraits" / name for name in grown[:12]]


@pytest.fixture
def voxceleb(tmp_path: Path, readers: list[Path]) -> Path:
    """Two recordings of each of five people, one that is none and one that says nothing."""
    folder = tmp_path / "vox1"
    for i, person in enumerate(IDS):
        video = folder / "wav" / person / "1zcIwhmdeo4"
        video.mkdir(parents=True)
        for j in range(2):
            sound, rate = soundfile.read(readers[2 * i + j], frames=6 * 16_000)
            soundfile.write(video / f"0000{j}.wav", sound, rate)
    (folder / "wav" / IDS[0] / "1zcIwhmdeo4" / "00007.wav").write_bytes(b"no recording")
    soundfile.write(folder / "wav" / IDS[1] / "1zcIwhmdeo4" / "00008.wav", np.zeros(48_000), 16_000)
    rows = ["VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet"]
    rows += [f"{i}\t{name.replace(' ', '_')}\tf\tUSA\tdev" for i, name in zip(IDS, NAMES, strict=True)]
    (folder / "vox1_meta.csv").write_text("\n".join(rows) + "\n")
    return folder


def as_vggface(folder: Path, portraits: list[Path]) -> Path:
    """Two portraits of each of four people and of one without recordings."""
    people = [*NAMES[:4], "Only Faces"]
    for i, name in enumerate(people):
        own = folder / name.replace(" ", "_").replace("ë", "e")
        own.mkdir(parents=True)
        for j in range(2):
            shutil.copy(portraits[2 * i + j], own / f"0000000{j}.jpg")
    return folder


def spoil(folder: Path, portraits: list[Path], turned: Path) -> None:
    """One picture for each reason to leave one out, among a person's own."""
    shutil.copy(turned, folder / "turned.jpg")
    with Image.open(portraits[0]) as file:
        portrait = file.convert("RGB")
    (folder / "text.jpg").write_text("no picture")
    Image.new("RGB", (200, 200), "#88aacc").save(folder / "sky.jpg")
    pair = Image.new("RGB", (2 * portrait.width, portrait.height))
    for place in (0, portrait.width):
        pair.paste(portrait, (place, 0))
    pair.save(folder / "two.jpg")
    portrait.filter(ImageFilter.GaussianBlur(portrait.width / 40)).save(folder / "blurred.jpg")
    portrait.resize((56, 56 * portrait.height // portrait.width)).save(folder / "far.jpg")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_voxceleb_and_vggface_become_a_store(voxceleb, portraits, shared_data: Path, tmp_path: Path) -> None:
    pictures = as_vggface(tmp_path / "vgg", portraits)
    spoil(pictures / "Only_Faces", portraits, shared_data / "portraits" / "sfhq" / "t2i_00000.jpg")
    voices, faces = find_voices(voxceleb, "voxceleb"), find_faces(pictures, "vggface")
    report = prepare_corpus(tmp_path / "store", voices, faces, "paper")
    store = Store.open(tmp_path / "store")
    split = {person.name: person.split for person in store.people}
    assert split["A.J. Buckley"] == "validation" and split["Carla Gugino"] == "test"
    assert split["Frances Fisher"] == split["Zoe Wanamaker"] == split["Only Voices"] == "train"
    identity = {person.name: person.identity for person in store.people}
    assert identity["Frances Fisher"] == 0 and identity["Zoe Wanamaker"] == 1
    assert {identity[name] for name in ("A.J. Buckley", "Carla Gugino", "Only Voices", "Only Faces")} == {-1}
    assert (report["only voices"], report["only faces"]) == (["Only Voices"], ["Only Faces"])
    assert report["table 1"]["people"] == {"train": 2, "validation": 1, "test": 1}
    assert report["table 1"]["recordings"] == {"train": 4, "validation": 2, "test": 2}
    assert report["recordings"] == 10 and report["hours of speech"] > 0
    assert json.loads((tmp_path / "store" / "report.json").read_text()) == report
    text = (tmp_path / "store" / "report.txt").read_text()
    assert "4 (113,322)" in text and "With voices only (1): Only Voices." in text
    for picture in ("faces-kept.jpg", "faces-rejected.jpg"):
        assert Image.open(tmp_path / "store" / picture).width > 100
    assert report["rejected"].keys() == REASONS


def test_each_side_by_itself_and_then_both(voxceleb: Path, portraits, tmp_path: Path) -> None:
    pictures = as_vggface(tmp_path / "vgg", portraits)
    voices, faces = find_voices(voxceleb, "voxceleb"), find_faces(pictures, "vggface")
    alone = prepare_corpus(tmp_path / "apart", voices, Found(), "paper")
    assert alone["table 1"]["people"]["train"] == 3 and alone["only voices"] == []
    assert len(Store.open(tmp_path / "apart").faces) == 0
    prepare_corpus(tmp_path / "apart", Found(), faces, "paper")
    prepare_corpus(tmp_path / "together", voices, faces, "paper")
    assert contents(tmp_path / "apart") == contents(tmp_path / "together")


def test_voxceleb2_and_vggface2_meet_by_the_class(voxceleb: Path, portraits, tmp_path: Path) -> None:
    (voxceleb / "vox1_meta.csv").unlink()
    rows = [f"{person} ,n00000{i} ,m ,dev " for i, person in enumerate(IDS)]
    (voxceleb / "vox2_meta.csv").write_text(
        "\n".join(["VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set ", *rows]) + "\n"
    )
    pictures = tmp_path / "vgg2"
    for i in range(4):
        (pictures / "train" / f"n00000{i}").mkdir(parents=True)
        shutil.copy(portraits[i], pictures / "train" / f"n00000{i}" / "0001_01.jpg")
    rows = [f'n00000{i}, "{name}", 1, 1, m' for i, name in enumerate(NAMES[:4])]
    (pictures / "identity_meta.csv").write_text(
        "\n".join(["Class_ID, Name, Sample_Num, Flag, Gender", *rows])
    )
    report = prepare_corpus(
        tmp_path / "store", find_voices(voxceleb, "voxceleb"), find_faces(pictures, "vggface2"), "paper"
    )
    assert report["table 1"]["people"] == {"train": 2, "validation": 1, "test": 1}
    assert report["only voices"] == ["n000004"] and report["only faces"] == []


def test_lfw_and_a_folder_a_person(readers, portraits, tmp_path: Path) -> None:
    for i, name in enumerate(("Frances Fisher", "Zoë Wanamaker", "Carla Gugino")):
        (tmp_path / "voices" / name).mkdir(parents=True)
        shutil.copy(readers[i], tmp_path / "voices" / name / "a.flac")
        lfw = tmp_path / "lfw" / name.replace(" ", "_")
        lfw.mkdir(parents=True)
        shutil.copy(portraits[i], lfw / f"{lfw.name}_0001.jpg")
    (tmp_path / "split.csv").write_text("person,split\nfrances fisher,train\nZOE WANAMAKER,test\n")
    report = prepare_corpus(
        tmp_path / "store",
        find_voices(tmp_path / "voices", "folders"),
        find_faces(tmp_path / "lfw", "lfw"),
        str(tmp_path / "split.csv"),
    )
    assert report["table 1"]["people"] == {"train": 1, "validation": 0, "test": 1}
    store = Store.open(tmp_path / "store")
    assert [person.split for person in store.people if person.name == "Carla Gugino"] == [""]


def test_dask_workers_give_the_same_store(voxceleb: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    voices = find_voices(voxceleb, "voxceleb")
    prepare_corpus(tmp_path / "here", voices, Found())
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=tmp_path
    ) as cluster:
        prepare_corpus(tmp_path / "dask", voices, Found(), engine=engine(1, cluster.scheduler_address))
    assert contents(tmp_path / "dask") == contents(tmp_path / "here")


KILLS = 50 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 3


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, made_voice: Callable[..., np.ndarray]) -> Path:
    """Recordings of ten people, some of them nothing."""
    voices = [made_voice(2.0, seed) for seed in range(7)]
    many = tmp_path_factory.mktemp("many")
    for i in range(20 * KILLS):
        folder = many / f"person {i % 10}"
        folder.mkdir(exist_ok=True)
        sound = voices[i % 7] if i % 9 else np.zeros(16_000)
        soundfile.write(folder / f"{i:03}.wav", sound, 16_000)
    return many


def prepare(many: Path, out: Path) -> list[str]:
    return [sys.executable, "-c", KILLABLE, "prepare", "voices", str(many), "--voice-layout", "folders",
            "--workers", "1", "--out", str(out)]  # fmt: skip


# Shards of four, so that every death finds something half done; each takes a while, so that Ctrl-C does on any machine.
KILLABLE = """
import sys, time
import v2f.data.corpus as corpus
ready = corpus.prepare_voices
def slowly(*arguments, **options):
    time.sleep(0.05)
    return ready(*arguments, **options)
corpus.SHARD, corpus.prepare_voices = 4, slowly
from v2f.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_killed_again_and_again_it_ends_with_the_same_bytes(many: Path, tmp_path: Path) -> None:
    subprocess.run(prepare(many, tmp_path / "whole"), check=True, capture_output=True)
    chance = random.Random(0)
    journal, kills = tmp_path / "killed" / "voices.progress.jsonl", 0
    while kills < KILLS:
        process = subprocess.Popen(
            prepare(many, tmp_path / "killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        before = journal.stat().st_size if journal.exists() else 0
        while process.poll() is None and (not journal.exists() or journal.stat().st_size == before):
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.05))
        assert process.poll() is None, "it has ended before it was killed often enough"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
    assert not (tmp_path / "killed" / "voices.csv").exists()
    subprocess.run(prepare(many, tmp_path / "killed"), check=True, capture_output=True)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_ctrl_c_ends_it_quietly_and_keeps_what_is_done(many: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(prepare(many, tmp_path / "store"), stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "store" / "voices.progress.jsonl"
    while not journal.exists() or journal.read_text().count("\n") < 3:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130 and "Traceback" not in errors
    assert not (tmp_path / "store" / "voices.csv").exists()
