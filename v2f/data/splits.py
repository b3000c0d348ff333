"""Splits of people into train, validation and test."""

import csv
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from v2f.data.sources import normalised
from v2f.errors import CorpusError
from v2f.models import people_trained_on
from v2f.models.released import REPOSITORY

SPLITS = ("train", "validation", "test")
VALIDATION_INITIALS, TEST_INITIALS = "ab", "cde"  # Sec. 4, by way of its reference [25]; F to Z train
PAPER_PEOPLE = {"train": 924, "validation": 112, "test": 189}  # Sec. 4, Table 1: of 1,225


def split_people(names: Sequence[str], rule: str, seed: int = 0) -> list[str]:
    """The split of each person: one of SPLITS, or "" for those left out.

    Args:
        names: in any order; all spellings of a name get the same split.
        rule: "paper", by the first letter of the name (Sec. 4), those without one train;
            "random", with the paper's shares of people;
            or the path of a list, a CSV with the header person,split, which leaves out those it does not name.
        seed: of "random".

    Raises:
        CorpusError: a list cannot be read, names another split, or puts a person into two.
    """
    if rule == "paper":
        return [_by_initial(name) for name in names]
    keys = [_key(name) for name in names]
    chosen = _by_chance(set(keys), seed) if rule == "random" else _by_list(Path(rule))
    return [chosen.get(key, "") for key in keys]


def trained_on(provenance: Mapping[str, str], people: Sequence[str]) -> list[str] | None:
    """The names of those whom weights were trained on; None where the weights do not tell.

    The authors' weights hold no names: of these it is the ones among `people` whom the paper trained on.
    """
    if provenance.get("source") != REPOSITORY:
        return people_trained_on(provenance)
    splits = split_people(people, "paper")
    return [name for name, split in zip(people, splits, strict=True) if split == "train"]


def keep_splits(before: Sequence[str | None], names: Sequence[str], rule: str, seed: int) -> list[str]:
    """The splits that people have had `before`; those who had none, None, are split by `split_people`."""
    newcomers = [name for name, old in zip(names, before, strict=True) if old is None]
    new = iter(split_people(newcomers, rule, seed) if newcomers else ())
    return [next(new) if old is None else old for old in before]


def _key(name: str) -> str:
    return normalised(name) or name  # names without letters and digits are still different names


def _by_initial(name: str) -> str:
    initial = normalised(name)[:1] or "-"
    if initial in VALIDATION_INITIALS:
        return "validation"
    return "test" if initial in TEST_INITIALS else "train"


def _by_chance(keys: set[str], seed: int) -> dict[str, str]:
    """A random split with the paper's shares; three people or more leave no split empty."""
    shuffled = sorted(keys)
    random.Random(seed).shuffle(shuffled)
    least = 1 if len(shuffled) >= len(SPLITS) else 0
    shares = {split: PAPER_PEOPLE[split] / sum(PAPER_PEOPLE.values()) for split in SPLITS}
    validation = max(least, round(len(shuffled) * shares["validation"]))
    test = max(least, round(len(shuffled) * shares["test"]))
    parts = ["validation"] * validation + ["test"] * test
    return dict(zip(shuffled, parts + ["train"] * (len(shuffled) - len(parts)), strict=True))


def _by_list(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            columns, rows = set(reader.fieldnames or ()), list(reader)
    except OSError as error:
        raise CorpusError(
            f"The split {str(path)!r} is neither 'paper' nor 'random' nor a list that can be read: {error.strerror}."
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path} is not a list of people in UTF-8.") from error
    if not {"person", "split"} <= columns:
        raise CorpusError(f"{path} should begin with the line person,split.")
    chosen: dict[str, str] = {}
    for row in rows:
        person, split = (row["person"] or "").strip(), (row["split"] or "").strip()
        if split not in SPLITS:
            raise CorpusError(f"{path} puts {person} into {split!r}; the splits are {', '.join(SPLITS)}.")
        if chosen.setdefault(_key(person), split) != split:
            raise CorpusError(f"{path} puts {person} into two splits, {chosen[_key(person)]} and {split}.")
    return chosen
