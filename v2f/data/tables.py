"""Tables of people that corpora come with: names, ids, sex and nationality, by the id of a person's folder."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from v2f.errors import CorpusError

TABLES = {  # the names they are published under
    "voxceleb": ("vox1_meta.csv", "vox2_meta.csv", "full_vox2_meta.csv"),
    "vggface2": ("identity_meta.csv",),
}
FOLDER_COLUMNS = {  # which name a person's folder; columns are written without spaces, signs and capitals
    "voxceleb": ("voxceleb1id", "voxceleb2id"),
    "vggface2": ("classid", "vggface2id"),
}
ID_COLUMNS = ("vggface2id", "classid", "voxceleb1id", "voxceleb2id")
NAME_COLUMNS = ("name", "vggface1id", *ID_COLUMNS)  # the best first; vox2_meta.csv has VGGFace2's ids alone
GENDER_COLUMNS = ("gender", "genderx", "gendery")  # the latter two where tables were merged
GENDERS = {"f": "female", "m": "male"}


def read_people(folder: Path, layout: str, tables: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """The fields of a Source that tables of people hold, by the id that a person's folder is named after.

    Args:
        folder: of the corpus, in which, or above which, tables are looked for where none are given.
        layout: without tables of people, there are no fields.
        tables: of any file names; a name in one comes before an id in another.

    Raises:
        CorpusError: there is no table, or one cannot be read or is of something else.
    """
    if layout not in TABLES:
        if tables:
            raise CorpusError(f"The layout {layout!r} has no table of people; leave {tables[0]} out.")
        return {}
    people: dict[str, dict[str, Any]] = {}
    for path in tables or _nearby(folder, TABLES[layout]):
        rows = _read_table(path)
        key, name = _columns(path, rows[0], layout)
        for row in rows:
            ids = [row[column] for column in ID_COLUMNS if row.get(column)]
            person = row[name] or row[key]
            if row[key] in people and name in ID_COLUMNS:
                continue
            gender = next((row[column] for column in GENDER_COLUMNS if row.get(column)), "")
            people[row[key]] = {
                "person": spaced(person),
                "aliases": tuple(dict.fromkeys(one for one in (row[key], *ids) if one != row[name])),
                "gender": GENDERS.get(gender[:1].lower(), ""),
                "nationality": spaced(row.get("nationality", "")),
            }
    return people


def spaced(name: str) -> str:
    """ "A.J._Buckley" -> "A.J. Buckley"; a name of nothing but underscores stays."""
    return " ".join(name.replace("_", " ").split()) or name


def _columns(path: Path, row: dict[str, str], layout: str) -> tuple[str, str]:
    """The columns of a table that hold the ids of folders and people's names, or else other ids."""
    key = next((column for column in FOLDER_COLUMNS[layout] if column in row), "")
    name = next((column for column in NAME_COLUMNS if column in row and column != key), "")
    if not key or not name:
        raise CorpusError(
            f"{path} does not read like {' or '.join(TABLES[layout])}: its header names other columns."
        )
    return key, name


def _nearby(folder: Path, names: Sequence[str]) -> list[Path]:
    """The tables that lie in a folder or else in the one above."""
    places = (folder, Path(os.path.abspath(folder)).parent)
    paths = [next((place / name for place in places if (place / name).is_file()), None) for name in names]
    if not any(paths):
        raise CorpusError(
            f"{' or '.join(names)} is neither in {folder} nor in the folder above; say where it is."
        )
    return [path for path in paths if path]


def _read_table(path: Path) -> list[dict[str, str]]:
    """Rows of a table with tabs or commas between cells, by simplified column name; missing cells are "".

    The copies that go round differ in spaces, in quotes, and in a comma at the end of lines.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            tabs = "\t" in file.readline()
            file.seek(0)
            lines = list(csv.reader(file, delimiter="\t" if tabs else ",", skipinitialspace=True))
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path} is not a table of people in UTF-8.") from error
    header, *rows = [cells for cells in map(_cells, lines) if cells] or [[]]
    columns = ["".join(filter(str.isalnum, cell.casefold())) for cell in header]
    table = []
    empty = dict.fromkeys(columns, "")
    for cells in rows:
        surplus = max(0, len(cells) - len(columns))  # commas of a name without quotes, second in every table
        cells[1 : 2 + surplus] = [",".join(cells[1 : 2 + surplus])]
        table.append(empty | dict(zip(columns, cells, strict=False)))
    if not table:
        raise CorpusError(f"{path} names no people.")
    return table


def _cells(line: list[str]) -> list[str]:
    """The cells of a line without spaces and quotes around them, and without empty ones at its end."""
    cells = [cell.strip(' \t"') for cell in line]
    while cells and not cells[-1]:
        cells.pop()
    return cells
