"""v2f export onnx -o v2f.onnx: a model as an ONNX graph, which `v2f face --runtime onnx` and other programs run."""

import argparse
from pathlib import Path

from v2f.cli import require_file, require_folder

NUMBERS = ("float32", "float16", "int8")  # those of v2f/export/storage.py, which needs onnx


def add_arguments(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    """Add `export` to the command line; returns what further kinds of export can be added to."""
    export = subparsers.add_parser("export", help="write a model for other runtimes than PyTorch")
    kinds = export.add_subparsers(metavar="KIND", required=True)
    onnx = kinds.add_parser("onnx", help="from 16 kHz samples and speech frames to face, embedding and score")
    onnx.add_argument("-o", "--out", required=True, metavar="FILE.onnx", type=Path, help="the graph to write")
    onnx.add_argument("--weights", metavar="W", help="a weights file; default: the bundled ones")
    onnx.add_argument(
        "--type",
        choices=NUMBERS,
        default="float32",
        help="float16 computes in 16 bits, for GPUs; int8 makes the smallest file (default: float32)",
    )
    onnx.add_argument(
        "--parts",
        action="store_true",
        help="write the parts that hear a growing recording to a folder instead, which --out names",
    )
    onnx.set_defaults(run=run_onnx)
    return kinds


def run_onnx(args: argparse.Namespace) -> int:
    """Write the graph, or the parts, and say how large each file is."""
    (require_folder if args.parts else require_file)(args.out)
    from v2f.export.onnx_graphs import parts, voice_to_face
    from v2f.models.weights import load, write_file

    model = load(args.weights)
    if args.parts:
        graphs = {args.out / f"{name}.onnx": graph for name, graph in parts(model, args.type).items()}
    else:
        graphs = {args.out: voice_to_face(model, args.type)}
    for path, graph in graphs.items():
        write_file(path, graph.SerializeToString())
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0
