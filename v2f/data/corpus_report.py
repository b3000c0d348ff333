"""What a prepared corpus holds, beside the paper's Table 1: as text, JSON, and pictures to look at."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from v2f.data.contact_sheet import gallery
from v2f.data.rejection import Rejected
from v2f.data.shards import read_rows, write_atomically
from v2f.data.sources import Source
from v2f.data.splits import SPLITS
from v2f.data.store import FACES, VOICE_TABLE, Store, ToldVoice

PAPER = {  # Table 1
    "recordings": {"train": 113_322, "validation": 14_182, "test": 21_850},
    "faces": {"train": 106_584, "validation": 12_533, "test": 20_455},
    "people": {"train": 924, "validation": 112, "test": 189},
}
SHOWN = 100  # faces of a contact sheet
FONT_SIZE = 20  # of the report's picture
INK, PALE = "#202020", "#8a8a8a"


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
    seconds = sum(row.seconds for row in read_rows(folder / VOICE_TABLE, ToldVoice))
    rejected = read_rows(folder / "rejected.csv", Rejected)
    both = with_voice and with_face
    return {
        "table 1": table,
        "hours of speech": round(seconds / 3600, 2),
        "recordings": len(store.voices),
        "faces": len(store.faces),
        "only heard": sorted(store.people[i].name for i in with_voice - with_face) if both else [],
        "only seen": sorted(store.people[i].name for i in with_face - with_voice) if both else [],
        "rejected": dict(Counter(row.reason.split(":")[0] for row in rejected).most_common()),
    }


def write(folder: Path, report: dict, faces: Sequence[Source] = ()) -> None:
    """Write the report as .json, .txt and .png, and sheets of kept faces and of those pictures given that were not."""
    text = as_text(report)
    write_atomically(
        folder / "report.json", (json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode()
    )
    write_atomically(folder / "report.txt", text.encode())
    _save(folder / "report.png", as_picture(report))
    kept = np.load(folder / FACES, mmap_mode="r")
    if len(kept):
        chosen = _draw(len(kept))
        _save(folder / "faces-kept.jpg", gallery([kept[i] for i in chosen], ["" for _ in chosen]))
    paths = {source.file: source.path for source in faces}
    rejected = [row for row in read_rows(folder / "rejected.csv", Rejected) if row.file in paths]
    if rejected:
        rows = sorted((rejected[i] for i in _draw(len(rejected))), key=lambda row: row.reason)
        pictures = [_thumbnail(paths[row.file]) for row in rows]
        _save(folder / "faces-rejected.jpg", gallery(pictures, [row.reason for row in rows]))


def as_text(report: dict) -> str:
    """The report for people to read."""
    table = report["table 1"]
    lines = ["Table 1 of this corpus, and (the paper's)", ""]
    lines.append(f"{'':12}" + "".join(f"{head:>22}" for head in (*SPLITS, "total")))
    for name, paper in PAPER.items():
        cells = [(table[name][split], paper[split]) for split in SPLITS]
        cells.append((sum(own for own, _ in cells), sum(theirs for _, theirs in cells)))
        lines.append(f"{name:12}" + "".join(f"{f'{own:,} ({theirs:,})':>22}" for own, theirs in cells))
    lines += ["", f"{report['hours of speech']:,} hours of speech."]
    for key, words in (("only heard", "Heard but not seen"), ("only seen", "Seen but not heard")):
        if names := report[key]:
            lines.append(f"{words} ({len(names):,}): {', '.join(names)}.")
    lines += ["", f"Left out: {sum(report['rejected'].values()):,} files"]
    lines += [f"{count:12,}  {reason}" for reason, count in report["rejected"].items()]
    return "\n".join(lines) + "\n"


def as_picture(report: dict) -> Image.Image:
    """Table 1 beside the paper's, and a bar for each reason to leave files out, as long as it is frequent."""
    font, line = ImageFont.load_default(size=FONT_SIZE), 2 * FONT_SIZE
    reasons = report["rejected"]
    picture = Image.new("RGB", (1100, line * (8 + len(reasons))), "#ffffff")
    pen = ImageDraw.Draw(picture)

    def write(row: float, right: int, text: str, colour: str = INK, anchor: str = "rm") -> None:
        pen.text((right, line * row), text, fill=colour, font=font, anchor=anchor)

    write(1, 30, "Table 1 of this corpus, and the paper's", anchor="lm")
    for column, head in enumerate((*SPLITS, "total")):
        write(2, 400 + 220 * column, head, PALE)
    for row, (name, paper) in enumerate(PAPER.items(), start=3):
        write(row, 30, name, anchor="lm")
        own = report["table 1"][name]
        pairs = [(own[split], paper[split]) for split in SPLITS]
        for column, (ours, theirs) in enumerate([*pairs, (sum(own.values()), sum(paper.values()))]):
            write(row, 290 + 220 * column, f"{ours:,}")
            write(row, 400 + 220 * column, f"{theirs:,}", PALE)
    write(6.5, 30, f"{report['hours of speech']:,} hours of speech; left out:", anchor="lm")
    for row, (reason, count) in enumerate(reasons.items()):
        write(7.5 + row, 290, reason)
        top = line * (7.5 + row) - FONT_SIZE / 2
        length = max(2, 600 * count // max(reasons.values()))
        pen.rectangle((310, top, 310 + length, top + FONT_SIZE), fill=PALE)
        write(7.5 + row, 320 + length, f"{count:,}", anchor="lm")
    return picture


def _draw(count: int) -> np.ndarray:
    """Up to SHOWN of so many, at random, in order."""
    return np.sort(np.random.default_rng(0).permutation(count)[:SHOWN])


def _thumbnail(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as file:
            file.draft("RGB", (256, 256))
            picture = file.convert("RGB")
    except Exception:  # what could not be read as a face cannot be shown either
        return np.full((64, 64, 3), 228, np.uint8)
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return np.asarray(picture.crop((left, top, left + side, top + side)).resize((128, 128)))


def _save(path: Path, picture: Image.Image) -> None:
    draft = path.with_name("draft-" + path.name)
    picture.save(draft, quality=85)
    draft.replace(path)
