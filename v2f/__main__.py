"""The command line: ``v2f face | strip | weights | export | kiosk | prepare | train | evaluate | ...``.

A mistake costs the user one sentence on stderr and exit code 1; a bad clip among several is skipped with its
reason. Each command imports what it needs when it runs, so that ``--help`` answers at once.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v2f import __version__, examples, load
from v2f.cli import add_model_arguments, complain, named, require_file, require_folder, run
from v2f.data.cli import add_arguments as add_prepare
from v2f.demo.cli import add_arguments as add_demo
from v2f.errors import V2FError
from v2f.evaluation.cli import add_arguments as add_evaluation
from v2f.export.cli import add_arguments as add_export
from v2f.kiosk.cli import add_arguments as add_kiosk
from v2f.kiosk.cli import add_export as add_web_export
from v2f.report.table import add_arguments as add_table
from v2f.training.cli import add_arguments as add_train

if TYPE_CHECKING:
    from v2f.pipeline import Face
    from v2f.pipeline.onnx_runtime import OnnxVoiceToFace


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    return run(build_parser().parse_args(arguments))


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="v2f", description="A face from a voice.")
    parser.add_argument("--version", action="version", version=f"v2f {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    face = commands.add_parser("face", help="one face per recording")
    face.add_argument("clips", nargs="+", metavar="CLIP", type=Path, help="a recording in any common format")
    face.add_argument("-o", "--out", required=True, metavar="DIR", type=Path, help="folder for the PNGs")
    face.add_argument("--json", action="store_true", help="print one JSON object per recording")
    face.add_argument(
        "--embeddings", metavar="FILE", type=Path, help="also write clips and embeddings as .npz"
    )
    add_channel(face)
    add_model_arguments(face)
    face.add_argument(
        "--runtime",
        choices=("torch", "onnx"),
        default="torch",
        help="onnx: by onnxruntime, without PyTorch, --weights being a file of `v2f export onnx`",
    )
    face.set_defaults(run=run_face)

    strip = commands.add_parser(
        "strip", help="one picture: faces from the first 1, 2, 3, 5, 10 s and the whole"
    )
    strip.add_argument("clip", metavar="CLIP", type=Path, help="a recording in any common format")
    strip.add_argument("-o", "--out", required=True, metavar="PNG", type=Path, help="the picture to write")
    add_channel(strip)
    add_model_arguments(strip)
    strip.set_defaults(run=run_strip)

    copy = commands.add_parser("examples", help="recordings to try, that come with v2f")
    copy.add_argument("-o", "--out", required=True, metavar="DIR", type=Path, help="folder to copy them to")
    copy.set_defaults(run=run_examples)

    weights = commands.add_parser("weights", help="fetch or describe weights")
    actions = weights.add_subparsers(metavar="ACTION", required=True)
    pull = actions.add_parser("pull", help="fetch weights into the user's cache")
    pull.add_argument("name", choices=["released"], help="the weights the method's authors released")
    pull.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="where their voice_embedding.pth and generator.pth lie already, in place of fetching them",
    )
    pull.set_defaults(run=run_pull)
    show = actions.add_parser("show", help="what a weights file holds and where it comes from")
    show.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help='a file, "released" or "hf://owner/name"; default: the bundled ones',
    )
    show.set_defaults(run=run_show)

    add_web_export(add_export(commands))
    add_kiosk(commands)
    add_demo(add_prepare(commands), add_train(commands))
    add_evaluation(commands)
    add_table(commands)
    return parser


def add_channel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--channel",
        choices=("left", "right"),
        help="hear one channel alone, where each holds another speaker",
    )


def run_face(args: argparse.Namespace) -> int:
    import numpy as np
    from PIL import Image

    require_folder(args.out)
    if args.embeddings:
        require_file(args.embeddings)
    model = load_onnx(args) if args.runtime == "onnx" else load(args.weights, exact=args.exact)
    args.out.mkdir(parents=True, exist_ok=True)
    faces: list[tuple[Path, Face]] = []
    for name, clip in named(args.clips):
        picture = args.out / f"{name}.png"
        try:
            face = model.face(clip, channel=args.channel)
        except V2FError as error:
            complain(f"{clip}: {error}")
            continue
        Image.fromarray(face.image).save(picture)
        faces.append((clip, face))
        report(clip, picture, face, args.json)
    if args.embeddings:
        args.embeddings.parent.mkdir(parents=True, exist_ok=True)
        embeddings = np.array([face.embedding for _, face in faces], np.float32).reshape(len(faces), -1)
        with open(args.embeddings, "wb") as file:  # given a name, savez would add .npz to it
            np.savez(file, clips=np.array([str(clip) for clip, _ in faces]), embeddings=embeddings)
    return int(len(faces) < len(args.clips))


def load_onnx(args: argparse.Namespace) -> "OnnxVoiceToFace":
    if args.weights is None:
        raise V2FError("Name an exported graph by --weights; v2f export onnx -o FILE.onnx writes one.")
    if args.exact:
        raise V2FError("A graph computes as it was exported: leave --exact out.")
    from v2f.pipeline.onnx_runtime import OnnxVoiceToFace

    return OnnxVoiceToFace(args.weights)


def report(clip: Path, picture: Path, face: "Face", as_json: bool) -> None:
    if not as_json:
        told = "; ".join((f"{face.seconds:.1f} s of speech in {face.duration:.1f} s", *face.notes))
        print(f"{clip} -> {picture} ({told})")
        return
    facts: dict[str, Any] = {
        "clip": str(clip),
        "image": str(picture),
        "seconds": face.seconds,
        "duration": face.duration,
        "score": face.score,
        "notes": face.notes,
        "timings": {stage: round(seconds, 6) for stage, seconds in face.timings.items()},
    }
    print(json.dumps(facts), flush=True)


def run_strip(args: argparse.Namespace) -> int:
    from v2f.pipeline import DURATIONS, draw_strip

    require_file(args.out)
    faces = load(args.weights, exact=args.exact).strip(args.clip, channel=args.channel)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    if faces[-1] and faces[-1].notes:
        print(f"{args.clip}: {'; '.join(faces[-1].notes)}")
    draw_strip(faces, DURATIONS).save(args.out, format="PNG")
    return 0


def run_examples(args: argparse.Namespace) -> int:
    require_folder(args.out)
    args.out.mkdir(parents=True, exist_ok=True)
    for clip in examples():
        print(shutil.copyfile(clip, args.out / clip.name))
    return 0


def run_pull(args: argparse.Namespace) -> int:
    from v2f.models.released import pull

    print(
        f"{pull(folder=args.folder)}: use it with --weights {args.name}; licence: GPL-3.0, the authors' research code"
    )
    return 0


def run_show(args: argparse.Namespace) -> int:
    from v2f.models.weights import TRAINED_ON, file_hash, find, load_networks, people_trained_on
    from v2f.training.settings import SETTINGS, lines

    path = find(args.file)
    networks, config, provenance = load_networks(path)
    print(f"file: {path}\nsha256: {file_hash(path)}\nreading of Table 2: {config.reading}")
    print(f"voice encoder: {config.encoder}\nfaces: {config.image_size}x{config.image_size} pixels")
    for name, network in networks.items():
        print(f"{name}: {sum(parameter.numel() for parameter in network.parameters()):,} parameters")
    settings = provenance.pop(SETTINGS, "{}")
    people = people_trained_on(provenance)
    if people is not None:
        provenance[TRAINED_ON] = f"{len(people):,} people"
    for key, value in provenance.items():
        print(f"{key}: {value}")
    for line in lines(settings):
        print(f"setting: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
