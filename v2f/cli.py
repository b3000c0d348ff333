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


def run(arguments: argparse.Namespace) -> int:
    """Run the command that was parsed, `arguments.run`; what can go wrong is one sentence. Returns the exit code."""
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()  # here, where a failure still has its sentence
        return code
    except V2FError as error:
        return complain(str(error))
    except BrokenPipeError:  # who read the output, as `head` does, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still to be flushed
        return 1
    except OSError as error:  # a folder that cannot be made, a full disk
        return complain(f"{error.filename or 'Output'}: {error.strerror or error}.")
    except KeyboardInterrupt:
        return INTERRUPTED


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
        "--weights", metavar="W", help='a weights file or "released"; default: the bundled ones'
    )
    parser.add_argument(
        "--exact", action="store_true", help="compute in float32, also where bfloat16 is faster"
    )


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
