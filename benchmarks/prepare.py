"""How fast a corpus is prepared and read: against the plain way, with two workers, and at the paper's full size."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread

import numpy as np
import soundfile
import torch

from benchmarks import plain
from benchmarks.rates import Rates, Work
from benchmarks.tables import Row, Titled, fact
from benchmarks.turns import beside, in_turns, milliseconds, ratio
from tests.support.browser import EXAMPLES
from v2f.audio import FRAMES_PER_SECOND, SAMPLE_RATE, read_audio
from v2f.audio.features import FFT_SIZE, REACHED
from v2f.data import store
from v2f.data.corpus import SHARD
from v2f.data.shards import Column, ShardResult, ShardWriter, grow, read_rows
from v2f.data.sources import Source
from v2f.data.voices import VoiceOptions, prepare_voices
from v2f.models import Runtime
from v2f.models.networks import MEL_BINS
from v2f.training.batches import Crops, Faces, uniform

BATCH = 128  # Sec. 4
SHORTEST, LONGEST = 3.0, 8.0  # seconds of a crop; Sec. 4
STEP_SECONDS = (
    12 * 60 / 100_000
)  # of the fastest training: the paper's whole run in twelve minutes on a large GPU
ROUNDS = 3
COPIES = 256  # of the three examples: twelve whole shards, so that two workers have equal shares
TURNS = 60  # batches in a round
SECONDS = 8.2  # of a recording of the rehearsal; the mean in VoxCeleb1
HELD = 5_000  # recordings and faces that are also drawn from memory


@dataclass
class Memory:
    """The most memory of its own that this process has had, in bytes; mapped files are the system's to drop."""

    most: int = 0
    over: Event = field(default_factory=Event)

    def watch(self) -> None:
        while not self.over.wait(0.05):
            lines = Path("/proc/self/status").read_text().splitlines()
            [own] = [int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")]
            self.most = max(self.most, own)


def measure(recordings: int, faces: int, folder: Path | None = None) -> Iterator[Titled]:
    """Prepare the bundled examples again and again, then write a store of full size below `folder` and read it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rates = Rates.measure(Runtime(torch.device("cpu"), "float32"))
        yield "Preparing recordings, on one core", preparing(rates)
        yield "What one core reaches in float32", rates.rows()
        with TemporaryDirectory(dir=folder) as big:
            yield "A store of full size", rehearsal(recordings, faces, Path(big))
    finally:
        torch.set_num_threads(threads)


def preparing(rates: Rates) -> list[Row]:
    """An hour of recordings: ours against the plain way, and two workers against one, in turns."""
    filters = plain.filterbank()
    with TemporaryDirectory() as folder:
        clips = [as_wav(path, Path(folder)) for path in EXAMPLES]
        sources = [Source(clip, f"{copy}/{clip.name}", clip.stem) for copy in range(COPIES) for clip in clips]
        hours = COPIES * sum(read_audio(clip).size for clip in clips) / SAMPLE_RATE / 3600
        ways: dict[str, Callable[[], object]] = {
            "ours": lambda: prepare_voices(sources, VoiceOptions()),
            "plain": lambda: [plainly(source, filters) for source in sources],
            "one worker": lambda: grown(sources, workers=1),
            "two workers": lambda: grown(sources, workers=2),
        }
        took = in_turns(ways, ROUNDS)
    an_hour = {name: [seconds / hours for seconds in times] for name, times in took.items()}
    ours = beside("an hour of recordings", an_hour, hour_work(), rates)
    one, two = (an_hour[name] for name in ("one worker", "two workers"))
    nothing = dict.fromkeys(ours, "")
    return [
        ours,
        {**nothing, "measured": "the same, written to a store by one worker", "ours": milliseconds(one)},
        {**nothing, "measured": "by two workers", "ours": milliseconds(two)},
        {**nothing, "measured": "two workers against one", "times as fast": ratio(one, two)},
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


def plainly(source: Source, filters: np.ndarray) -> np.ndarray:
    """The log-mel of a recording's speech, float16 [frames, 64], the plain way."""
    return plain.log_mel_of(plain.speech_of(read_audio(source.path)), filters).astype(np.float16)


def grown(sources: Sequence[Source], workers: int) -> None:
    with TemporaryDirectory() as folder:
        growing = ShardWriter(Path(folder), "voices", VoiceOptions().columns, store.VoiceRow)
        grow(growing, sources, partial(prepare_voices, options=VoiceOptions()), "bench", SHARD, workers)


def rehearsal(recordings: int, faces: int, folder: Path) -> list[Row]:
    """Write a store of so many recordings and faces, open it, and draw batches; the real ones are repeated."""
    with most_memory() as writing:
        began = time.perf_counter()
        write(recordings, faces, folder)
        took = time.perf_counter() - began
    with most_memory() as reading:
        began = time.perf_counter()
        opened = store.Store.open(folder)
        opening = time.perf_counter() - began
        batch, held = drawing(opened, resident=False), drawing(opened, resident=True)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e9
    return [
        fact("the store", f"{len(opened.voices):,} recordings, {len(opened.faces):,} faces, {size:.1f} GB"),
        fact("written in", f"{took:.0f} s"),
        fact("opened in", f"{1000 * opening:.0f} ms"),
        fact(f"{BATCH} crops and {BATCH} faces, from the memory map", f"{1000 * batch:.1f} ms"),
        fact(f"the same from memory ({HELD:,} recordings and faces)", f"{1000 * held:.1f} ms"),
        fact("a step of the fastest training needs them every", f"{1000 * STEP_SECONDS:.1f} ms"),
        fact("most memory while writing", f"{writing.most / 1e9:.2f} GB"),
        fact("most memory while drawing", f"{reading.most / 1e9:.2f} GB"),
    ]


def write(recordings: int, faces: int, folder: Path) -> None:
    """A store of one person for every hundred recordings, of the bundled examples and of made faces."""
    sources = [Source(path, path.name, path.stem) for path in EXAMPLES]
    voices = prepare_voices(sources, VoiceOptions(most_seconds=SECONDS))
    pictures = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    heard = ShardWriter(folder, "voices", VoiceOptions().columns, store.VoiceRow)
    grow(heard, range(recordings), partial(repeated_voices, voices), "rehearsal", SHARD)
    seen = ShardWriter(folder, "faces", {"faces": Column("|u1", (64, 64, 3))}, store.FaceRow)
    grow(seen, range(faces), partial(repeated_faces, pictures), "rehearsal", SHARD)
    count = -(-max(recordings, faces) // 100)
    people = [store.Person(f"person {i}", "", "", "train", i) for i in range(count)]
    rows = read_rows(heard.table, store.VoiceRow), read_rows(seen.table, store.FaceRow)
    spread = [[i % count for i in range(len(side))] for side in rows]
    store.write_people(folder, people, rows[0], spread[0], rows[1], spread[1])


def repeated_voices(prepared: ShardResult, numbers: Sequence[int]) -> ShardResult:
    chosen = [number % len(prepared.rows) for number in numbers]
    return ShardResult(
        {"log_mel": [prepared.arrays["log_mel"][i] for i in chosen]}, [prepared.rows[i] for i in chosen]
    )


def repeated_faces(pictures: np.ndarray, numbers: Sequence[int]) -> ShardResult:
    rows = [store.FaceRow(f"{number}.jpg", "", "", "", "", "") for number in numbers]
    return ShardResult({"faces": [pictures[number % len(pictures)] for number in numbers]}, rows)


def drawing(opened: store.Store, resident: bool) -> float:
    """Seconds that a batch takes, of crops of 3 to 8 s and of faces, after a first round: the median.

    Resident are the first HELD recordings and faces alone, so that this process stays small.
    """
    device, rng = torch.device("cpu"), torch.Generator().manual_seed(0)
    voices, sounds, pictures = opened.voices, opened.sounds, opened.faces
    if resident:
        voices, pictures = voices[:HELD], pictures[:HELD]
        sounds = sounds[: voices["start"][-1] + voices["length"][-1]]
    crops, faces = Crops(sounds, voices, device, resident), Faces(pictures, device, resident)
    took = []
    for turn in range(2 * TURNS):
        began = time.perf_counter()
        seconds = uniform(SHORTEST, LONGEST, 1, rng).item()
        chosen = torch.randint(len(voices), (BATCH,), generator=rng)
        crops(chosen, int(seconds * FRAMES_PER_SECOND), rng)
        faces(torch.randint(len(faces), (BATCH,), generator=rng), rng)
        if turn >= TURNS:
            took.append(time.perf_counter() - began)
    return median(took)


@contextmanager
def most_memory() -> Iterator[Memory]:
    """Watch this process' memory meanwhile."""
    memory = Memory()
    watcher = Thread(target=memory.watch, daemon=True)
    watcher.start()
    try:
        yield memory
    finally:
        memory.over.set()
        watcher.join()
