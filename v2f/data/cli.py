"""python -m v2f prepare demo"""

import argparse
import json
import os
from pathlib import Path

from v2f.errors import CorpusError


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `prepare` and its kinds to the command line."""
    prepare = subparsers.add_parser("prepare", help="make a corpus that training reads")
    kinds = prepare.add_subparsers(required=True, metavar="KIND")

    demo = kinds.add_parser("demo", help="the demonstration corpus, from free portraits and voices")
    demo.add_argument("--portraits", type=Path, required=True, help="folder with portraits.csv")
    demo.add_argument(
        "--speech", type=Path, required=True, help="folder with LibriSpeech files and speakers.csv"
    )
    demo.add_argument("--pairs", type=Path, required=True, help="folder of true pairs: voices/ and faces/")
    demo.add_argument(
        "--kokoro-voices", type=Path, required=True, help="voices folder of the npm package kokoro-js"
    )
    demo.add_argument("--out", type=Path, required=True, help="the store to write")
    demo.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    demo.add_argument("--seed", type=int, default=0)
    demo.set_defaults(run=run_demo)


def run_demo(arguments: argparse.Namespace) -> int:
    """Build the demonstration corpus and print its report."""
    try:
        from v2f.data.demo import Sources, prepare_demo
    except ImportError as error:
        raise CorpusError(
            f"This needs {error.name}; install it with: pip install -r requirements-dev.txt"
        ) from error

    sources = Sources(arguments.portraits, arguments.speech, arguments.pairs, arguments.kokoro_voices)
    report = prepare_demo(sources, arguments.out, arguments.workers, arguments.seed)
    print(json.dumps(report, indent=2))
    return 0
