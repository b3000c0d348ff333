"""What a prepared corpus holds, beside the paper's Table 1: as text, JSON, and sheets of faces."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from v2f.data.contact_sheet import gallery
from v2f.data.shards import Rejected, read_rows, write_atomically
from v2f.data.sources import Source
from v2f.data.splits import PAPER_PEOPLE, SPLITS
from v2f.data.store import FACES, Store, VoiceRow, rows_of

PAPER = {  # Table 1
    "recordings": {"train": 113_322, "validation": 14_182, "test": 21_850},
    "faces": {"train": 106_584, "validation": 12_533, "test": 20_455},
    "people": PAPER_PEOPLE,
}
SHOWN = 100  # faces of a contact sheet
EXAMPLES = 3  # rejected files that are named for each reason


def corpus_report(folder: Path) -> dict:
    """Table 1 of a store, hours, people of whom there is only one side, and rejections by reason.

    Where the store has both sides, Table 1 counts those of whom it has both, as the paper does.
    """
    store = Store.open(folder)
    with_voice, with_face = set(store.voices["person"].tolist()), set(store.face_person.tolist())
    counted = with_voice & with_face or with_voice | with_face
    table: dict[str, dict[str, int]] = {name: {} for name in PAPER}
    for split in SPLITS:
        people = [i for i in counted if store.people[i].split == split]
        table["recordings"][split] = int(np.isin(store.voices["person"], people).sum())
        table["faces"][split] = int(np.isin(store.face_person, people).sum())
        table["people"][split] = len(people)
    seconds = sum(row.seconds for row in rows_of(folder, "voices", VoiceRow))
    both = with_voice and with_face
    return {
        "table 1": table,
        "hours of speech": round(seconds / 3600, 2),
        "recordings": len(store.voices),
        "faces": len(store.faces),
        "only voices": sorted(store.people[i].name for i in with_voice - with_face) if both else [],
        "only faces": sorted(store.people[i].name for i in with_face - with_voice) if both else [],
        "rejected": rejections(folder),
        "rejected, for example": _examples(folder),
    }


def rejections(folder: Path) -> dict[str, int]:
    """The number of rejected files of a store by reason, the most frequent first."""
    rows = read_rows(folder / "rejected.csv", Rejected)
    return dict(Counter(row.reason.split(":")[0] for row in rows).most_common())


def _examples(folder: Path) -> dict[str, list[str]]:
    """The first rejected files for each reason."""
    examples: dict[str, list[str]] = {}
    for row in read_rows(folder / "rejected.csv", Rejected):
        reason = row.reason.split(":")[0]
        if len(examples.setdefault(reason, [])) < EXAMPLES:
            examples[reason].append(row.file)
    return examples


def write(folder: Path, report: dict, faces: Sequence[Source] = ()) -> None:
    """Write the report as .json and .txt, and sheets of faces that were kept and of pictures that were not."""
    text = as_text(report)
    write_atomically(
        folder / "report.json", (json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode()
    )
    write_atomically(folder / "report.txt", text.encode())
    kept = np.load(folder / FACES, mmap_mode="r")
    if len(kept):
        sample = _sample(len(kept))
        _save(folder / "faces-kept.jpg", gallery([*kept[sample]], [""] * len(sample)))
    paths = {source.file: source.path for source in faces}
    rejected = [row for row in read_rows(folder / "rejected.csv", Rejected) if row.file in paths]
    if rejected:
        rows = sorted((rejected[i] for i in _sample(len(rejected))), key=lambda row: row.reason)
        pictures = [_thumbnail(paths[row.file]) for row in rows]
        _save(folder / "faces-rejected.jpg", gallery(pictures, [row.reason for row in rows]))


def as_text(report: dict) -> str:
    """The report as text."""
    table = report["table 1"]
    lines = ["Table 1 of this corpus, and (the paper's)", ""]
    lines.append(f"{'':12}" + "".join(f"{head:>22}" for head in (*SPLITS, "total")))
    for name, paper in PAPER.items():
        cells = [(table[name][split], paper[split]) for split in SPLITS]
        cells.append((sum(own for own, _ in cells), sum(theirs for _, theirs in cells)))
        lines.append(f"{name:12}" + "".join(f"{f'{own:,} ({theirs:,})':>22}" for own, theirs in cells))
    lines += ["", f"{report['hours of speech']:,} hours of speech."]
    for key, words in (("only voices", "With voices only"), ("only faces", "With faces only")):
        if names := report[key]:
            lines.append(f"{words} ({len(names):,}): {', '.join(names)}.")
    lines += ["", f"Left out: {sum(report['rejected'].values()):,} files"]
    for reason, count in report["rejected"].items():
        examples = report["rejected, for example"][reason]
        more = ", ..." if count > len(examples) else ""
        lines.append(f"{count:12,}  {reason}: {', '.join(examples)}{more}")
    if report["rejected"]:
        lines.append("All of them are named in rejected.csv.")
    return "\n".join(lines) + "\n"


def _sample(count: int) -> np.ndarray:
    """Up to SHOWN random indices of so many, in order."""
    return np.sort(np.random.default_rng(0).permutation(count)[:SHOWN])


def _thumbnail(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as file:
            file.draft("RGB", (256, 256))
            picture = file.convert("RGB")
    except Exception:  # what could not be read as a face cannot be shown either
        return np.full((64, 64, 3), 228, np.uint8)
    return np.asarray(ImageOps.fit(picture, (128, 128)))


def _save(path: Path, picture: Image.Image) -> None:
    draft = path.with_name("draft-" + path.name)
    picture.save(draft, quality=85)
    draft.replace(path)
