"""Files that grow shard by shard and survive being killed: arrays, tables, and the journal that says what counts.

Every shard is appended to all files of its side and made durable before a line in the journal counts it. Whoever
starts again cuts the files back to the last line and goes on there, and ends with the same bytes.
"""

import csv
import errno
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed, parallel_config
from numpy.lib import format as npy
from tqdm import tqdm

from v2f.errors import CorpusError


@dataclass(frozen=True)
class Column:
    """An array file that grows along its first axis: [n, *shape]."""

    dtype: str
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """A file left out of a corpus, and why, in a few words; behind a colon there may be more."""

    file: str
    reason: str


@dataclass
class ShardResult:
    """What became of one shard: new entries of each array, rows of the table, and files left out."""

    arrays: dict[str, list[np.ndarray]] = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)  # of one dataclass
    rejected: list[Rejected] = field(default_factory=list)


class ShardWriter:
    """One side of a store while it is made: `columns`, a table of `row_type`, and what was rejected."""

    def __init__(self, folder: Path, side: str, columns: Mapping[str, Column], row_type: type) -> None:
        self.folder, self.side, self.columns, self.row_type = folder, side, columns, row_type
        self.journal = folder / f"{side}.progress.jsonl"
        self.table, self.rejected = folder / f"{side}.rows.csv", folder / f"{side}.rejected.csv"
        self.shards = 0  # that count

    @property
    def files(self) -> list[Path]:
        return [*(self.folder / f"{name}.npy" for name in self.columns), self.table, self.rejected]

    def begin(self, task: str) -> None:
        """Cut everything back to what the journal counts; `task` tells this work from any other.

        Raises CorpusError where the folder holds another work.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = (
            self.journal.read_bytes().split(b"\n")[:-1] if self.journal.exists() else []
        )  # whole ones only
        records = [json.loads(line) for line in lines]
        if records and records[0]["task"] != task:
            raise CorpusError(
                f"{self.folder} holds {self.side} of other files or other options: name another --out, or delete it."
            )
        if not records:
            for name, column in self.columns.items():
                _write_durably(self.folder / f"{name}.npy", [_header(column, 0)])
            _write_durably(self.table, [_csv_line([f.name for f in fields(self.row_type)])])
            _write_durably(self.rejected, [_csv_line(["file", "reason"])])
            records = [{"task": task, "sizes": self._sizes()}]
            _write_durably(self.journal, [_json_line(records[0])])
        else:
            os.truncate(self.journal, sum(len(line) + 1 for line in lines))
            for name, size in records[-1]["sizes"].items():
                os.truncate(self.folder / name, size)
        self.shards = len(records) - 1

    def append(self, piece: ShardResult) -> None:
        """Add a shard and count it."""
        for name in self.columns:
            parts = (
                np.ascontiguousarray(part).reshape(-1).data.cast("B") for part in piece.arrays.get(name, [])
            )
            _write_durably(self.folder / f"{name}.npy", parts, "ab")
        rows = (_csv_line(asdict(row).values()) for row in piece.rows)
        _write_durably(self.table, rows, "ab")
        rejected = (_csv_line([left.file, left.reason]) for left in piece.rejected)
        _write_durably(self.rejected, rejected, "ab")
        _write_durably(self.journal, [_json_line({"sizes": self._sizes()})], "ab")
        self.shards += 1

    def finish(self) -> None:
        """Let the arrays say how long they have become."""
        for name, column in self.columns.items():
            path = self.folder / f"{name}.npy"
            entry = np.dtype(column.dtype).itemsize * int(np.prod(column.shape))
            empty = len(_header(column, 0))
            header = _header(column, (path.stat().st_size - empty) // entry)
            assert len(header) == empty, "NumPy leaves room in a header for a growing first axis"
            with path.open("r+b") as file:
                file.write(header)
                os.fsync(file.fileno())

    def _sizes(self) -> dict[str, int]:
        return {path.name: path.stat().st_size for path in self.files}


def grow(
    growing: ShardWriter,
    items: Sequence[Any],
    work: Callable[[Sequence[Any]], ShardResult],
    task: str,
    shard: int,
    workers: int = 1,
    dask: str | None = None,
) -> None:
    """Run `work` on shards of `items` in parallel and append what it gives, in order; goes on where it was.

    `task` names everything but the items that the result depends on. `dask` is the address of a scheduler whose
    workers see the same files. Raises CorpusError when the disk is full or a worker dies; what is done is kept.
    """
    starts = range(0, len(items), shard)
    with tidy_failure(growing):
        growing.begin(hashlib.sha256(f"{task} {shard} {items}".encode()).hexdigest())
        with (
            engine(workers, dask),
            tqdm(
                total=len(items),
                initial=min(growing.shards * shard, len(items)),
                desc=growing.side,
                unit="file",
            ) as bar,
        ):
            tasks = (delayed(work)(items[start : start + shard]) for start in starts[growing.shards :])
            for piece in Parallel(return_as="generator", batch_size=1)(tasks):
                growing.append(piece)
                bar.update(len(piece.rows) + len(piece.rejected))
        growing.finish()


@contextmanager
def engine(workers: int, dask: str | None) -> Iterator[None]:
    """Let joblib work in processes of this machine, or on the cluster of a Dask scheduler."""
    if dask is None:
        with parallel_config(n_jobs=workers):
            yield
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise CorpusError("--dask needs the package distributed: pip install distributed") from error
    try:
        client = Client(dask, timeout=10)
    except (OSError, ValueError) as error:
        raise CorpusError(f"No Dask scheduler answers at {dask}.") from error
    with client, parallel_config(backend="dask", n_jobs=-1):
        yield


@contextmanager
def tidy_failure(growing: ShardWriter) -> Iterator[None]:
    """Turn what can go wrong unattended into one sentence that says what is kept."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    kept = "What is done is kept: run the same command again to go on."
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise CorpusError(f"The disk that holds {growing.folder} is full. Make room. {kept}") from error
    except TerminatedWorkerError as error:
        raise CorpusError(
            f"A worker died, perhaps for want of memory: use fewer --workers. {kept}"
        ) from error


def read_rows(path: Path, row_type: type) -> list[Any]:
    """The rows of a table that was written here, each column in its field's type; older tables lack newer columns."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            row_type(**{f.name: f.type(row[f.name]) for f in fields(row_type) if f.name in row})  # type: ignore[operator]
            for row in csv.DictReader(file)
        ]


def write_rows(path: Path, row_type: type, rows: Iterable[Any]) -> None:
    """Write a whole table, atomically."""
    lines = [
        _csv_line([f.name for f in fields(row_type)]),
        *(_csv_line(asdict(row).values()) for row in rows),
    ]
    write_atomically(path, b"".join(lines))


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array as .npy, atomically."""
    file = io.BytesIO()
    np.save(file, array)
    write_atomically(path, file.getvalue())


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all."""
    draft = path.with_name(path.name + ".part")
    _write_durably(draft, [data])
    draft.replace(path)


def _write_durably(path: Path, parts: Iterable[bytes | memoryview], mode: str = "wb") -> None:
    with path.open(mode) as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


def _header(column: Column, length: int) -> bytes:
    file = io.BytesIO()
    descr = npy.dtype_to_descr(np.dtype(column.dtype))
    npy.write_array_header_1_0(
        file, {"descr": descr, "fortran_order": False, "shape": (length, *column.shape)}
    )
    return file.getvalue()


def _csv_line(values: Iterable[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue().encode()


def _json_line(record: dict[str, Any]) -> bytes:
    return (json.dumps(record) + "\n").encode()
