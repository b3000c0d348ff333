"""v2f kiosk: starts the page. v2f kiosk [--kiosk] [--port 7860] [--weights FILE] [--microphone local]"""

import argparse
import sys
from functools import partial

import v2f
from v2f.cli import between
from v2f.errors import MicrophoneError
from v2f.kiosk.settings import SPEAKERS_PER_CORE

NO_MICROPHONE = "There is no microphone at this machine: plug one in."


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `kiosk` to the command line."""
    parser = subparsers.add_parser(
        "kiosk", usage="v2f kiosk [options]", help="the page, on this machine or for a booth"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: only this machine)"
    )
    parser.add_argument("--port", type=between(1, 65535), default=7860, help="default: 7860")
    parser.add_argument("--weights", help='a weights file, or "released"; by default the bundled ones')
    parser.add_argument("--exact", action="store_true", help="compute in float32 throughout")
    parser.add_argument("--kiosk", action="store_true", help="for a booth: full screen, resets itself")
    parser.add_argument("--language", choices=("en", "es", "zh"), default="en", help="visitors can change it")
    parser.add_argument(
        "--idle-seconds",
        type=between(0),
        default=60,
        help="forget a visitor after so long; 0: never (default: 60)",
    )
    parser.add_argument(
        "--microphone", choices=("browser", "local"), default="browser", help="local: record at this machine"
    )
    parser.add_argument("--device", type=between(0), help="number of the local microphone")
    parser.add_argument("--list-microphones", action="store_true", help="show their numbers, and stop")
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="name of a proxy in front of the page",
    )
    parser.add_argument(
        "--speakers",
        type=between(1),
        help=f"how many may speak at once (default: {SPEAKERS_PER_CORE} a core)",
    )
    parser.add_argument("--auth", metavar="NAME:PASSWORD", help="ask visitors for these")
    parser.set_defaults(run=partial(run, parser))


def run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C, or list the microphones; returns the exit code."""
    if arguments.device is not None and arguments.microphone != "local":
        parser.error("--device goes with --microphone local")
    if arguments.auth is not None and not all(arguments.auth.partition(":")):
        parser.error("--auth takes a name, a colon and a password")
    try:
        if arguments.list_microphones:
            list_microphones()
        else:
            start(arguments)
    except KeyboardInterrupt:  # the ordinary way to stop it
        pass
    return 0


def list_microphones() -> None:
    from v2f.audio import microphone  # in functions, so that --help answers at once

    microphones = microphone.list_microphones()
    if not microphones:
        raise MicrophoneError(NO_MICROPHONE)
    for one in microphones:
        print(f"{one.index:3}  {one.name}{'  (default)' if one.default else ''}")


def check_microphone(device: int | None) -> None:
    from v2f.audio import microphone

    microphones = microphone.list_microphones()
    if device is not None and device not in [one.index for one in microphones]:
        raise MicrophoneError(
            f"There is no microphone {device} at this machine; --list-microphones shows them."
        )
    if not microphones:  # the page works without, and one can be plugged in later
        print(NO_MICROPHONE, file=sys.stderr)


def start(arguments: argparse.Namespace) -> None:
    from v2f.kiosk.server import serve
    from v2f.kiosk.settings import Settings

    limits = {} if arguments.speakers is None else {"speakers": arguments.speakers}
    settings = Settings(
        kiosk=arguments.kiosk,
        language=arguments.language,
        idle_seconds=arguments.idle_seconds,
        local=arguments.microphone == "local",
        device=arguments.device,
        names=tuple(arguments.allowed_host),
        **limits,
    )
    if settings.local:
        check_microphone(settings.device)
    auth = tuple(arguments.auth.split(":", 1)) if arguments.auth else None
    serve(v2f.load(arguments.weights, exact=arguments.exact), arguments.host, arguments.port, settings, auth)
