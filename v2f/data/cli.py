"""v2f prepare voices | faces | corpus"""

import argparse
import os
from dataclasses import fields
from pathlib import Path

from v2f.cli import SEEDS, between, require_folder
from v2f.data.sources import FACE_LAYOUTS, VOICE_LAYOUTS

SPLIT_HELP = (
    "paper (by first letter: F-Z, A-B, C-E), random (by person), or a CSV file: person,split"
    " (default: the store's, and random at first)"
)


def add_arguments(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    """Add `prepare` and its kinds to the command line; returns the kinds, to which others may be added."""
    prepare = subparsers.add_parser("prepare", help="make a corpus that training and evaluation read")
    kinds = prepare.add_subparsers(required=True, metavar="KIND")

    voices = kinds.add_parser("voices", help="recordings: VoxCeleb1 and 2, or a folder a person")
    voices.add_argument("voices", type=Path, metavar="FOLDER")
    faces = kinds.add_parser("faces", help="pictures: VGGFace, VGGFace2, LFW, or a folder a person")
    faces.add_argument("faces", type=Path, metavar="FOLDER")
    corpus = kinds.add_parser("corpus", help="both, of the same people")
    corpus.add_argument("--voices", type=Path, metavar="FOLDER", required=True)
    corpus.add_argument("--faces", type=Path, metavar="FOLDER", required=True)

    for parser in (voices, corpus):
        parser.add_argument("--voice-layout", choices=VOICE_LAYOUTS, default=VOICE_LAYOUTS[0])
        parser.add_argument(
            "--voice-meta",
            type=Path,
            action="append",
            metavar="CSV",
            help="vox1_meta.csv or vox2_meta.csv; for both, give it twice; else looked for",
        )
    for parser in (faces, corpus):
        parser.add_argument("--face-layout", choices=FACE_LAYOUTS, default=FACE_LAYOUTS[0])
        parser.add_argument(
            "--face-meta",
            type=Path,
            action="append",
            metavar="CSV",
            help="VGGFace2's identity_meta.csv, or several such; else looked for",
        )
        parser.add_argument(
            "--detector",
            choices=("dlib", "face-alignment"),
            help="default: dlib where it is installed, else face-alignment",
        )
        parser.add_argument("--size", type=between(16, 1024), help="pixels along a face's side (default: 64)")
        parser.add_argument(
            "--most-yaw", type=between(0, 90, float), help="degrees that a head may be turned (default: 33)"
        )
    for parser in (voices, faces, corpus):
        add_work(parser)
        parser.add_argument("--split", metavar="RULE", help=SPLIT_HELP)
        parser.add_argument("--seed", type=between(*SEEDS))
        parser.set_defaults(run=run_corpus)
    return kinds


def add_work(parser: argparse.ArgumentParser) -> None:
    """Add the store to write, and who does the work."""
    parser.add_argument("--out", type=Path, required=True, metavar="STORE", help="the store to write")
    parser.add_argument(
        "--workers", type=between(1), default=os.cpu_count() or 1, help="processes (default: all cores)"
    )
    parser.add_argument("--dask", metavar="ADDRESS", help="work on the cluster of this Dask scheduler")


def run_corpus(arguments: argparse.Namespace) -> int:
    """Prepare the sides that are given, join them with those of the store, and print the report."""
    from v2f.data.corpus import prepare_corpus
    from v2f.data.corpus_report import as_text
    from v2f.data.faces import FaceOptions
    from v2f.data.landmarks import default_detector
    from v2f.data.shards import engine
    from v2f.data.sources import Found, find_faces, find_voices

    require_folder(arguments.out)
    given = vars(arguments)
    voices, faces = Found(), Found()
    if "voices" in given:
        voices = find_voices(arguments.voices, arguments.voice_layout, arguments.voice_meta or ())
    if "faces" in given:
        faces = find_faces(arguments.faces, arguments.face_layout, arguments.face_meta or ())
        arguments.detector = arguments.detector or default_detector()
    options = {field.name: given.get(field.name) for field in fields(FaceOptions)}
    report = prepare_corpus(
        arguments.out,
        voices,
        faces,
        arguments.split,
        arguments.seed,
        FaceOptions(**{name: value for name, value in options.items() if value is not None}),
        engine(arguments.workers, arguments.dask),
    )
    print(as_text(report), end="")
    return 0
