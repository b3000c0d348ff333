"""v2f prepare voices | faces | corpus | demo | check"""

import argparse
import json
import os
from dataclasses import fields
from pathlib import Path

from v2f.cli import SEEDS, between
from v2f.data.demo import sources as public
from v2f.data.sources import FACE_LAYOUTS, VOICE_LAYOUTS
from v2f.errors import CorpusError

SPLIT_HELP = "paper (by first letter: F-Z, A-B, C-E), random (by person), or a CSV file: person,split (default: random)"

FACERES_HELP = "a face network: package/models of `npm pack @vladmandic/human@3.3.6`"

SOURCES = {  # of the demonstration corpus, by option
    "portraits": (public.PORTRAITS, "portraits: congress/, london/, sfhq/ and ukmps/"),
    "speech": (public.LIBRISPEECH, "LibriSpeech readers, an utterance each"),
    "pairs": (public.PAIRS, "true pairs of AVSpeech: voices/ and faces/"),
    "common-voice": (public.COMMON_VOICE, "clone of omnilingo/rsample-100-cv-corpus-6.1-2020-12-11"),
    "speechocean": (public.SPEECHOCEAN, "clone of jimbozhang/speechocean762"),
}


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `prepare` and its kinds to the command line."""
    prepare = subparsers.add_parser("prepare", help="make a corpus that training and evaluation read")
    kinds = prepare.add_subparsers(required=True, metavar="KIND")

    voices = kinds.add_parser("voices", help="recordings: VoxCeleb1 and 2, or a folder a person")
    voices.add_argument("voices", type=Path, metavar="FOLDER")
    faces = kinds.add_parser("faces", help="pictures: VGGFace, VGGFace2, LFW, or a folder a person")
    faces.add_argument("faces", type=Path, metavar="FOLDER")
    corpus = kinds.add_parser("corpus", help="both, of the same people")
    corpus.add_argument("--voices", type=Path, metavar="FOLDER", required=True)
    corpus.add_argument("--faces", type=Path, metavar="FOLDER", required=True)
    demo = kinds.add_parser("demo", help="the demonstration corpus, from free portraits and voices")
    check = kinds.add_parser("check", help="compare folders with what the demonstration corpus is made of")

    for parser in (voices, corpus):
        parser.add_argument("--voice-layout", choices=VOICE_LAYOUTS, default=VOICE_LAYOUTS[0])
        parser.add_argument(
            "--voice-meta", type=Path, metavar="CSV", help="vox1_meta.csv or vox2_meta.csv; else looked for"
        )
    for parser in (faces, corpus):
        parser.add_argument("--face-layout", choices=FACE_LAYOUTS, default=FACE_LAYOUTS[0])
        parser.add_argument(
            "--face-meta", type=Path, metavar="CSV", help="VGGFace2's identity_meta.csv; else looked for"
        )
        parser.add_argument("--detector", choices=("dlib", "face-alignment"), help="default: dlib")
        parser.add_argument("--size", type=between(16, 1024), help="pixels along a face's side (default: 64)")
        parser.add_argument(
            "--most-yaw", type=between(0, 90, float), help="degrees that a head may be turned (default: 33)"
        )
    for parser in (demo, check):
        for name, (_, contents) in SOURCES.items():
            parser.add_argument(f"--{name}", type=Path, required=parser is demo, metavar="DIR", help=contents)
    demo.add_argument("--faceres", type=Path, required=True, metavar="DIR", help=FACERES_HELP)
    for parser in (voices, faces, corpus, demo):
        parser.add_argument("--out", type=Path, required=True, metavar="STORE", help="the store to write")
        parser.add_argument(
            "--workers", type=between(1), default=os.cpu_count() or 1, help="processes (default: all cores)"
        )
        parser.add_argument("--dask", metavar="ADDRESS", help="work on the cluster of this Dask scheduler")
        parser.add_argument("--seed", type=between(*SEEDS), default=0)
        parser.set_defaults(run=run_corpus)
    for parser in (voices, faces, corpus):
        parser.add_argument("--split", default="random", metavar="RULE", help=SPLIT_HELP)
    demo.set_defaults(run=run_demo)
    check.set_defaults(run=run_check)


def run_corpus(arguments: argparse.Namespace) -> int:
    """Prepare the sides that are given, join them with those of the store, and print the report."""
    try:
        from v2f.data.corpus import prepare_corpus
        from v2f.data.corpus_report import as_text
        from v2f.data.faces import FaceOptions
        from v2f.data.shards import engine
        from v2f.data.sources import find_faces, find_voices
    except ImportError as error:
        raise missing(error) from error

    given = vars(arguments)
    voices, faces = [], []
    if "voices" in given:
        voices = find_voices(arguments.voices, arguments.voice_layout, arguments.voice_meta)
    if "faces" in given:
        faces = find_faces(arguments.faces, arguments.face_layout, arguments.face_meta)
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


def run_demo(arguments: argparse.Namespace) -> int:
    """Build the demonstration corpus and print its report."""
    try:
        from v2f.data.demo.corpus import Sources, prepare_demo
        from v2f.data.shards import engine
    except ImportError as error:
        raise missing(error) from error

    sources = Sources(**{field.name: getattr(arguments, field.name) for field in fields(Sources)})
    report = prepare_demo(sources, arguments.out, engine(arguments.workers, arguments.dask), arguments.seed)
    print(json.dumps(report, indent=2))
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Compare each folder that is given with the list of its files; differences are raised, a sentence each."""
    folders = [(source, vars(arguments)[name.replace("-", "_")]) for name, (source, _) in SOURCES.items()]
    given = [(source, folder) for source, folder in folders if folder]
    if not given:
        raise CorpusError(f"Name a folder to check: {', '.join(f'--{name}' for name in SOURCES)}.")
    differences = []
    for source, folder in given:
        try:
            source.check(folder)
            print(f"{source.name}: {len(source.files):,} files, as they should be.")
        except CorpusError as error:
            differences.append(str(error))
    if differences:
        raise CorpusError(" ".join(differences))
    return 0


def missing(error: ImportError) -> CorpusError:
    return CorpusError(f"This needs {error.name}; install it with: pip install -r requirements-dev.txt")
