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
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from numpy.lib import format as npy
from tqdm import tqdm

from v2f.errors import CorpusError


@dataclass(frozen=True)
class Rejected:
    """A file left out of a corpus, and why, in a few words; behind a colon there may be more."""

    file: str
    reason: str


@dataclass
class ShardResult:
    """The result of one shard: new entries of each array, rows of the table, and files left out."""

    arrays: dict[str, list[np.ndarray]] = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)  # of one dataclass
    rejected: list[Rejected] = field(default_factory=list)


class ShardWriter:
    """One side of a store while it is made: arrays, a table of `row_type`, and what was rejected.

    `columns` has the type of an entry of each array, of a shape where it has one: np.dtype(("<f4", (128,))).
    """

    def __init__(self, folder: Path, side: str, columns: Mapping[str, np.dtype], row_type: type) -> None:
        self.folder, self.side, self.columns, self.row_type = folder, side, columns, row_type
        self.journal = folder / f"{side}.progress.jsonl"
        self.table, self.rejected = folder / f"{side}.rows.csv", folder / f"{side}.rejected.csv"
        self.shards = 0  # that count
        self.done: set[str] = set()  # names of the items in them, where items have names

    @property
    def files(self) -> list[Path]:
        return [*(self.folder / f"{name}.npy" for name in self.columns), self.table, self.rejected]

    def begin(self, task: str) -> None:
        """Cut all files back to what the journal counts; raises CorpusError where that is of another task."""
        self.folder.mkdir(parents=True, exist_ok=True)
        data = self.journal.read_bytes() if self.journal.exists() else b""
        lines = data.split(b"\n")[:-1]  # whole ones only
        records = [json.loads(line) for line in lines]
        if records and records[0]["task"] != task:
            raise CorpusError(
                f"{self.folder} holds {self.side} of other files or other options: name another --out, or delete it."
            )
        if records:
            os.truncate(self.journal, sum(len(line) + 1 for line in lines))
            for name, size in records[-1]["sizes"].items():
                os.truncate(self.folder / name, size)
        else:
            for name, entry in self.columns.items():
                _write_durably(self.folder / f"{name}.npy", [_header(entry, 0)])
            _write_durably(self.table, [_header_line(self.row_type)])
            _write_durably(self.rejected, [_header_line(Rejected)])
            records = [{"task": task, "sizes": self._sizes()}]
            self.journal.unlink(missing_ok=True)
            self._count(records[0])
        self.shards = len(records) - 1
        self.done = {name for record in records for name in record.get("items", ())}

    def append(self, result: ShardResult, names: Sequence[str] = ()) -> None:
        """Add a shard, of items with these names, and count it."""
        for name in self.columns:
            parts = [np.asarray(part).tobytes() for part in result.arrays.get(name, [])]
            _write_durably(self.folder / f"{name}.npy", parts, "ab")
        for table, rows in ((self.table, result.rows), (self.rejected, result.rejected)):
            _write_durably(table, (_csv_line(astuple(row)) for row in rows), "ab")
        self._count({"sizes": self._sizes()} | ({"items": list(names)} if names else {}))
        self.shards += 1

    def finish(self) -> None:
        """Let the arrays say how long they have become."""
        for name, entry in self.columns.items():
            path = self.folder / f"{name}.npy"
            empty = len(_header(entry, 0))
            header = _header(entry, (path.stat().st_size - empty) // entry.itemsize)
            assert len(header) == empty, "NumPy leaves room in a header for a growing first axis"
            with path.open("r+b") as file:
                file.write(header)
                os.fsync(file.fileno())

    def _count(self, record: dict[str, Any]) -> None:
        _write_durably(self.journal, [(json.dumps(record) + "\n").encode()], "ab")

    def _sizes(self) -> dict[str, int]:
        return {path.name: path.stat().st_size for path in self.files}


def grow(
    writer: ShardWriter,
    items: Sequence[Any],
    work: Callable[[Sequence[Any]], ShardResult],
    task: str,
    shard: int,
    name: Callable[[Any], str] | None = None,
) -> None:
    """Run `work` on shards of `items`, in parallel within an `engine`, and append the results in order.

    Goes on where it stopped. `task` names everything but the items that the result depends on. Where `name` tells items
    apart, others may join them later; without, they are part of the task. Raises CorpusError when the disk is full or
    a worker dies; what is done is kept.
    """
    kept = "What is done is kept: run the same command again to go on."
    try:
        writer.begin(hashlib.sha256(f"{task} {shard} {'' if name else items}".encode()).hexdigest())
        left = _left(writer, items, shard, name)
        parts = [left[start : start + shard] for start in range(0, len(left), shard)]
        with tqdm(total=len(items), initial=len(items) - len(left), desc=writer.side, unit="file") as bar:
            results = Parallel(return_as="generator", batch_size=1)(delayed(work)(part) for part in parts)
            for part, result in zip(parts, results, strict=True):
                writer.append(result, [name(item) for item in part] if name else ())
                bar.update(len(result.rows) + len(result.rejected))
        writer.finish()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise CorpusError(f"The disk that holds {writer.folder} is full. Make room. {kept}") from error
    except TerminatedWorkerError as error:
        raise CorpusError(
            f"A worker died, perhaps for want of memory: use fewer --workers. {kept}"
        ) from error


def _left(
    writer: ShardWriter, items: Sequence[Any], shard: int, name: Callable[[Any], str] | None
) -> Sequence[Any]:
    """The items that are still to be done; raises CorpusError where some that are done are no longer among them."""
    if name is None:
        return items[min(writer.shards * shard, len(items)) :]
    gone = writer.done - {name(item) for item in items}
    if gone:
        raise CorpusError(
            f"{writer.folder} holds {writer.side} of files that would no longer be taken, such as {min(gone)}:"
            " put them back, name another --out, or delete it."
        )
    return [item for item in items if name(item) not in writer.done]


@contextmanager
def engine(workers: int, dask: str | None = None) -> Iterator[None]:
    """Let `grow` work in so many processes, or on the cluster of the Dask scheduler at this address.

    The cluster's workers must see the same files. Raises CorpusError where no scheduler answers.
    """
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


def read_rows(path: Path, row_type: type) -> list[Any]:
    """The rows of a table that was written here, each column in its field's type; older tables lack newer columns."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            row_type(**{f.name: f.type(row[f.name]) for f in fields(row_type) if f.name in row})  # type: ignore[operator]
            for row in csv.DictReader(file)
        ]


def write_rows(path: Path, row_type: type, rows: Iterable[Any]) -> None:
    """Write a whole table of a dataclass's fields, atomically."""
    write_table(path, [[field.name for field in fields(row_type)], *(astuple(row) for row in rows)])


def write_table(path: Path, lines: Iterable[Iterable[Any]]) -> None:
    """Write a whole table, its header first, atomically."""
    write_atomically(path, b"".join(map(_csv_line, lines)))


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


def _write_durably(path: Path, parts: Iterable[bytes], mode: str = "wb") -> None:
    with path.open(mode) as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


def _header(entry: np.dtype, length: int) -> bytes:
    file = io.BytesIO()
    layout = {"descr": entry.base.str, "fortran_order": False, "shape": (length, *entry.shape)}
    npy.write_array_header_1_0(file, layout)
    return file.getvalue()


def _header_line(row_type: type) -> bytes:
    return _csv_line(field.name for field in fields(row_type))


def _csv_line(values: Iterable[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue().encode()
