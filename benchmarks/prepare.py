"""How fast a corpus is prepared, beside the baseline and by workers and hours; and a store of the paper's size."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import psutil
import soundfile
import torch

from benchmarks import baseline
from benchmarks.inference import filterbank
from benchmarks.timing import Roofline, Row, Table, Work, compare, fact, in_turns, shown, speed_up, spread
from tests.support.browser import EXAMPLES
from v2f.audio import SAMPLE_RATE, keep_speech, read_audio
from v2f.audio.features import FFT_SIZE, FRAMES_PER_SECOND, REACHED, log_mel
from v2f.data import store
from v2f.data.corpus import SHARD
from v2f.data.faces import FaceOptions
from v2f.data.shards import ShardResult, ShardWriter, engine, grow, read_rows
from v2f.data.sources import Source
from v2f.data.voices import VoiceOptions, prepare_voices
from v2f.models import Runtime
from v2f.models.networks import MEL_BINS
from v2f.training.batches import Crops, Faces, uniform

BATCH = 128  # Sec. 4
SHORTEST, LONGEST = 3.0, 8.0  # seconds of a crop; Sec. 4
ROUNDS = 3
HOURS = (0.25, 0.5, 1.0)
BATCHES = 60  # read from the store, after as many that are not counted
SECONDS = 8.2  # of a recording of the store; the mean in VoxCeleb1


def measure(recordings: int, faces: int, folder: Path | None) -> Iterator[Table]:
    """Prepare the bundled examples again and again, then write a store of full size below `folder` and read it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        roofline = Roofline.measure(Runtime(torch.device("cpu"), "float32"))
        yield "One core", roofline.rows()
        with TemporaryDirectory() as clips_folder:
            clips = [as_wav(path, Path(clips_folder)) for path in EXAMPLES]
            yield "Preparing recordings, on one core", [beside_baseline(clips, roofline)]
            yield "Preparing recordings, by workers and hours", by_hours(clips)
        with TemporaryDirectory(dir=folder) as big:
            yield "A store of full size", full_size(recordings, faces, Path(big))
    finally:
        torch.set_num_threads(threads)


def beside_baseline(clips: Sequence[Path], roofline: Roofline) -> Row:
    """An hour of recordings to the log-mels of their speech, in memory."""
    sources, filters = copies(clips, HOURS[0]), filterbank()
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: [log_mel(keep_speech(read_audio(source.path))) for source in sources],
        "baseline": lambda: [
            baseline.log_mel(keep_speech(read_audio(source.path)), filters) for source in sources
        ],
    }
    took = {way: [seconds / HOURS[0] for seconds in times] for way, times in in_turns(ways, ROUNDS).items()}
    return compare("an hour of recordings", took, hour_work(), roofline)


def by_hours(clips: Sequence[Path]) -> list[Row]:
    """Written to a store by one worker, and by two."""
    ways = {
        f"{hours:g} {workers}": partial(write_voices, copies(clips, hours), workers)
        for hours in HOURS
        for workers in (1, 2)
    }
    took = in_turns(ways, ROUNDS)
    return [
        {
            "hours of recordings": f"{hours:g}",
            "one worker": spread(took[f"{hours:g} 1"]),
            "two workers": spread(took[f"{hours:g} 2"]),
            "speed-up": speed_up(took[f"{hours:g} 1"], took[f"{hours:g} 2"]),
        }
        for hours in HOURS
    ]


def hour_work() -> Work:
    """Of the log-mels of an hour: its transforms and filters; 16-bit samples read, float16 log-mels written."""
    frames = 3600 * FRAMES_PER_SECOND
    transform = 2.5 * FFT_SIZE * math.log2(FFT_SIZE)  # operations of a real one, as is usual to count them
    filtering = 2 * MEL_BINS * (REACHED.stop - REACHED.start)
    return Work(frames * (transform + filtering), 2 * 3600 * SAMPLE_RATE + 2 * frames * MEL_BINS)


def as_wav(clip: Path, folder: Path) -> Path:
    """A clip as VoxCeleb1 has its recordings."""
    path = folder / f"{clip.stem}.wav"
    soundfile.write(path, *soundfile.read(clip), subtype="PCM_16")
    return path


def copies(clips: Sequence[Path], hours: float) -> list[Source]:
    """The clips again and again, until they last so long."""
    seconds = sum(soundfile.info(clip).duration for clip in clips)
    count = max(1, round(3600 * hours / seconds))
    return [Source(clip, f"{copy}/{clip.name}", clip.stem) for copy in range(count) for clip in clips]


def write_voices(sources: Sequence[Source], workers: int) -> None:
    with TemporaryDirectory() as folder, engine(workers):
        writer = ShardWriter(Path(folder), "voices", VoiceOptions().columns, store.VoiceRow)
        grow(writer, sources, partial(prepare_voices, options=VoiceOptions()), "bench", SHARD)


def full_size(recordings: int, faces: int, folder: Path) -> list[Row]:
    """Write a store of so many recordings and faces, open it, and read batches; the bundled examples are repeated."""
    start = time.perf_counter()
    write_store(recordings, faces, folder)
    written = time.perf_counter() - start
    start = time.perf_counter()
    opened = store.Store.open(folder)
    opening = time.perf_counter() - start
    batch = read_batches(opened)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e9
    memory = psutil.Process().memory_full_info().uss / 1e9
    return [
        fact("the store", f"{len(opened.voices):,} recordings, {len(opened.faces):,} faces, {size:.1f} GB"),
        fact("written in", shown(written)),
        fact("opened in", shown(opening)),
        fact(f"{BATCH} crops and {BATCH} faces, from the memory map", shown(batch)),
        fact("memory of the process", f"{memory:.2f} GB"),
    ]


def write_store(recordings: int, faces: int, folder: Path) -> None:
    """A store of one person for every hundred recordings, of the bundled examples and of made faces."""
    sources = [Source(path, path.name, path.stem) for path in EXAMPLES]
    prepared = prepare_voices(sources, VoiceOptions(most_seconds=SECONDS))
    pictures = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    voice_shards = ShardWriter(folder, "voices", VoiceOptions().columns, store.VoiceRow)
    grow(voice_shards, range(recordings), partial(repeated_voices, prepared), "voices", SHARD)
    face_shards = ShardWriter(folder, "faces", FaceOptions().columns, store.FaceRow)
    grow(face_shards, range(faces), partial(repeated_faces, pictures), "faces", SHARD)
    count = -(-max(recordings, faces) // 100)
    people = [store.Person(f"person {i}", "", "", "train", i) for i in range(count)]
    rows = read_rows(voice_shards.table, store.VoiceRow), read_rows(face_shards.table, store.FaceRow)
    of_person = [[i % count for i in range(len(side))] for side in rows]
    store.write_people(folder, people, rows[0], of_person[0], rows[1], of_person[1])


def repeated_voices(prepared: ShardResult, numbers: Sequence[int]) -> ShardResult:
    chosen = [number % len(prepared.rows) for number in numbers]
    speech = [prepared.arrays["speech"][i] for i in chosen]
    return ShardResult({"speech": speech}, [prepared.rows[i] for i in chosen])


def repeated_faces(pictures: np.ndarray, numbers: Sequence[int]) -> ShardResult:
    rows = [store.FaceRow(f"{number}.jpg", "", "", "", "", "") for number in numbers]
    return ShardResult({"faces": [pictures[number % len(pictures)] for number in numbers]}, rows)


def read_batches(opened: store.Store) -> float:
    """Seconds that a batch takes, of crops of 3 to 8 s and of faces: the median."""
    device, rng = torch.device("cpu"), torch.Generator().manual_seed(0)
    crops, faces = Crops(opened.speech, opened.voices, device, 0), Faces(opened.faces, device, 0)
    took = []
    for _ in range(2 * BATCHES):
        start = time.perf_counter()
        seconds = uniform(SHORTEST, LONGEST, 1, rng).item()
        rows = torch.randint(len(opened.voices), (BATCH,), generator=rng)
        crops(rows, int(seconds * SAMPLE_RATE), rng)
        faces(torch.randint(len(opened.faces), (BATCH,), generator=rng), rng)
        took.append(time.perf_counter() - start)
    return median(took[BATCHES:])
