"""Files that grow shard by shard: in order, resumable after any end, and one sentence when something fails."""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from v2f.data import shards as module
from v2f.data.shards import Rejected, ShardResult, ShardWriter, engine, grow, read_rows, write_rows
from v2f.errors import CorpusError


@dataclass(frozen=True)
class Row:
    number: int
    name: str


COLUMNS = {"squares": np.dtype(("<i4", (2,))), "halves": np.dtype("<f4")}


def made(folder: Path) -> ShardWriter:
    return ShardWriter(folder, "numbers", COLUMNS, Row)


def work(numbers: Sequence[int]) -> ShardResult:
    """Odd numbers are kept, even ones rejected."""
    odd = [n for n in numbers if n % 2]
    return ShardResult(
        {
            "squares": [np.array([[n, n * n]], np.int32) for n in odd],
            "halves": [np.float32(n / 2) for n in odd],
        },
        [Row(n, f"nümber, {n}") for n in odd],
        [Rejected(str(n), "even") for n in numbers if not n % 2],
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_shards_become_arrays_and_tables_in_order(tmp_path: Path) -> None:
    with engine(2):
        grow(made(tmp_path), range(11), work, "t", shard=3)
    assert np.load(tmp_path / "squares.npy").tolist() == [[n, n * n] for n in (1, 3, 5, 7, 9)]
    assert np.load(tmp_path / "halves.npy", mmap_mode="r").tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert read_rows(tmp_path / "numbers.rows.csv", Row) == [Row(n, f"nümber, {n}") for n in (1, 3, 5, 7, 9)]
    rejected = read_rows(tmp_path / "numbers.rejected.csv", Rejected)
    assert [left.file for left in rejected] == ["0", "2", "4", "6", "8", "10"]


def test_nothing_at_all_is_empty_arrays(tmp_path: Path) -> None:
    grow(made(tmp_path), [], work, "t", shard=3)
    assert np.load(tmp_path / "squares.npy").shape == (0, 2)


@pytest.mark.parametrize("done", [0, 1, 3])
def test_torn_files_are_cut_back_to_the_journal_and_end_the_same(tmp_path: Path, done: int) -> None:
    grow(made(tmp_path / "whole"), range(11), work, "t", shard=3)
    torn = made(tmp_path / "torn")
    calls = []

    def dies(numbers: Sequence[int]) -> ShardResult:
        if len(calls) == done:
            raise SystemExit
        calls.append(numbers)
        return work(numbers)

    with pytest.raises(SystemExit):
        grow(torn, range(11), dies, "t", shard=3)
    for path in torn.files:  # as if it had been killed while it was writing
        with path.open("ab") as file:
            file.write(b"torn")
    with torn.journal.open("ab") as file:
        file.write(b'{"sizes": {"squa')
    grow(made(tmp_path / "torn"), range(11), work, "t", shard=3)
    assert contents(tmp_path / "torn") == contents(tmp_path / "whole")


def test_what_is_finished_is_not_done_again(tmp_path: Path) -> None:
    grow(made(tmp_path), range(5), work, "t", shard=2)
    before = contents(tmp_path)

    def never(numbers: Sequence[int]) -> ShardResult:
        raise AssertionError("called")

    grow(made(tmp_path), range(5), never, "t", shard=2)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(("items", "task"), [(range(6), "t"), (range(5), "other options")])
def test_another_task_in_the_same_folder_is_refused(tmp_path: Path, items: range, task: str) -> None:
    grow(made(tmp_path), range(5), work, "t", shard=2)
    before = contents(tmp_path)
    with pytest.raises(CorpusError, match="other files or other options"):
        grow(made(tmp_path), items, work, task, shard=2)
    assert contents(tmp_path) == before


def test_items_with_names_may_become_more(tmp_path: Path) -> None:
    grow(made(tmp_path), [1, 5, 6], work, "t", shard=2, name=str)
    grow(made(tmp_path), [1, 2, 3, 5, 6, 7], work, "t", shard=2, name=str)
    assert np.load(tmp_path / "halves.npy").tolist() == [0.5, 2.5, 1.5, 3.5]
    rows, rejected = tmp_path / "numbers.rows.csv", tmp_path / "numbers.rejected.csv"
    assert [row.number for row in read_rows(rows, Row)] == [1, 5, 3, 7]
    assert [left.file for left in read_rows(rejected, Rejected)] == ["6", "2"]


def test_items_with_names_may_not_become_fewer(tmp_path: Path) -> None:
    grow(made(tmp_path), [1, 5, 6], work, "t", shard=2, name=str)
    before = contents(tmp_path)
    with pytest.raises(CorpusError, match="no longer be taken, such as 5: put them back"):
        grow(made(tmp_path), [1, 6, 7], work, "t", shard=2, name=str)
    assert contents(tmp_path) == before


def test_a_full_disk_is_one_sentence_and_keeps_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, writes = os.fsync, []

    def full(descriptor: int) -> None:
        writes.append(descriptor)
        if len(writes) > 12:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(CorpusError, match="full. Make room.*run the same command again"):
        grow(made(tmp_path / "store"), range(11), work, "t", shard=3)
    monkeypatch.undo()
    grow(made(tmp_path / "store"), range(11), work, "t", shard=3)
    grow(made(tmp_path / "whole"), range(11), work, "t", shard=3)
    assert contents(tmp_path / "store") == contents(tmp_path / "whole")


def test_a_worker_that_dies_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="A worker died"), engine(2):
        grow(made(tmp_path), range(4), kill_oneself, "t", shard=1)


def kill_oneself(numbers: Sequence[int]) -> ShardResult:
    os.kill(os.getpid(), 9)
    raise AssertionError("not reached")


def test_no_dask_scheduler_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(CorpusError, match="No Dask scheduler answers"), engine(1, "tcp://127.0.0.1:9"):
        raise AssertionError("not reached")


def test_tables_are_written_whole(tmp_path: Path) -> None:
    rows = [Row(1, "a"), Row(2, 'quoted "b", c')]
    write_rows(tmp_path / "t.csv", Row, rows)
    assert read_rows(tmp_path / "t.csv", Row) == rows
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
