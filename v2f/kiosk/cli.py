"""v2f kiosk: starts the page. v2f kiosk [--kiosk] [--port 7860] [--weights FILE] [--microphone local]

v2f export web DIR: writes the page that needs no server.
"""

import argparse
import re
import sys
from functools import partial
from pathlib import Path

import v2f
from v2f.cli import between, require_folder
from v2f.errors import MicrophoneError
from v2f.kiosk import booth
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
    parser.add_argument(
        "--weights", help='a weights file, "released" or "hf://owner/name"; default: the bundled ones'
    )
    parser.add_argument("--exact", action="store_true", help="compute in float32 throughout")
    parser.add_argument(
        "--in-browser",
        action="store_true",
        help="compute in the visitors' browsers; their voices do not leave their devices (docs/in-browser.md)",
    )
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
    parser.add_argument(
        "--status-port",
        type=between(1, 65535),
        metavar="PORT",
        help="the host's page at 127.0.0.1: visits, microphone, model, problems, reset (default: none)",
    )
    parser.add_argument(
        "--card-address",
        type=phones_address,
        metavar="URL",
        help="let visitors take a card home, printed or fetched here by a phone: https://NAME[:PORT]",
    )
    parser.add_argument(
        "--files",
        action="store_true",
        help="with --kiosk, let visitors choose files and save pictures at the booth all the same",
    )
    parser.add_argument("--auth", metavar="NAME:PASSWORD", help="ask visitors for these")
    parser.add_argument(
        "--booth",
        metavar="NAME",
        help="write what makes a machine show only this, with these options, to a folder NAME, and stop",
    )
    parser.set_defaults(run=partial(run, parser))


def add_export(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `web` to `v2f export`."""
    web = kinds.add_parser("web", help="the page as static files, which compute in the visitor's browser")
    web.add_argument("folder", metavar="DIR", type=Path, help="where to write it")
    web.add_argument("--weights", metavar="W", help="a weights file; default: the bundled ones")
    web.add_argument("--language", choices=("en", "es", "zh"), default="en", help="visitors can change it")
    web.set_defaults(run=run_export)


def run_export(arguments: argparse.Namespace) -> int:
    """Write the page, and say how large it is."""
    require_folder(arguments.folder)
    from v2f.kiosk.in_browser import export
    from v2f.kiosk.settings import Settings
    from v2f.models.weights import load

    export(load(arguments.weights), arguments.folder, Settings(language=arguments.language))
    sizes = sum(path.stat().st_size for path in arguments.folder.rglob("*") if path.is_file())
    print(f"{arguments.folder}: {sizes / 1e6:.1f} MB; any web server can serve it over https")
    return 0


def phones_address(text: str) -> str:
    """For `type` of an argument: where phones reach this server, without a path."""
    match = re.fullmatch(r"(https?://([\w.-]+|\[[0-9a-f:]+\])(:\d{1,5})?)/?", text, re.ASCII)
    if not match:
        raise argparse.ArgumentTypeError(f"takes https://NAME or http://NAME:PORT, not {text}")
    if re.match(r"localhost$|127\.|0\.0\.0\.0$|\[::1?\]", match[2]):
        raise argparse.ArgumentTypeError(
            f"takes an address that phones can reach; to a phone {match[2]} is itself"
        )
    return match[1]


def run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C, or list the microphones; returns the exit code."""
    if arguments.device is not None and arguments.microphone != "local":
        parser.error("--device goes with --microphone local")
    if arguments.auth is not None and not all(arguments.auth.partition(":")):
        parser.error("--auth takes a name, a colon and a password")
    if arguments.in_browser:
        check_in_browser(parser, arguments)
    if arguments.booth is not None:
        check_booth(parser, arguments)
    try:
        if arguments.list_microphones:
            list_microphones()
        elif arguments.booth is not None:
            write_booth(parser, arguments)
        else:
            start(arguments)
    except KeyboardInterrupt:  # the ordinary way to stop it
        pass
    return 0


def check_booth(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if not booth.NAME.fullmatch(arguments.booth):
        parser.error("--booth takes a name of small letters, digits and hyphens, 20 at most, a letter first")
    if arguments.host not in ("127.0.0.1", "0.0.0.0"):
        parser.error("--booth shows the page at 127.0.0.1, so --host can only be that, or 0.0.0.0")
    if arguments.auth is not None:
        parser.error("--booth goes without --auth: everybody at the machine could read the password")


def check_in_browser(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Refuse what only a server can do."""
    of_servers = (
        "microphone",
        "auth",
        "allowed_host",
        "card_address",
        "status_port",
        "speakers",
        "exact",
        "booth",
    )
    for name in of_servers:
        if getattr(arguments, name) != parser.get_default(name):
            parser.error(
                f"--in-browser goes without --{name.replace('_', '-')}: the server only hands out files"
            )


def write_booth(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Write the booth's files, and print the commands that install it."""
    require_folder(Path(arguments.booth))
    if arguments.weights:
        from v2f.models.weights import find

        arguments.weights = str(find(arguments.weights).resolve())
    arguments.status_port = arguments.status_port or arguments.port + 1
    options = []
    for name, value in vars(arguments).items():
        if name not in ("booth", "kiosk") and value != parser.get_default(name):
            flag = f"--{name.replace('_', '-')}"
            for one in value if isinstance(value, list) else [value]:
                options += [flag] if one is True else [flag, str(one)]
    commands = booth.write(arguments.booth, options, arguments.host, arguments.port, arguments.status_port)
    print(commands.read_text("utf-8"), end="")


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


def serve_in_browser(arguments: argparse.Namespace) -> None:
    from v2f.kiosk.settings import Settings
    from v2f.kiosk.static_server import serve
    from v2f.models.weights import load

    settings = Settings(
        kiosk=arguments.kiosk,
        language=arguments.language,
        idle_seconds=arguments.idle_seconds,
        files=arguments.files or not arguments.kiosk,
    )
    serve(load(arguments.weights), arguments.host, arguments.port, settings)


def start(arguments: argparse.Namespace) -> None:
    from v2f.kiosk.server import serve
    from v2f.kiosk.settings import Settings
    from v2f.models.weights import find

    if arguments.in_browser:
        return serve_in_browser(arguments)
    limits = {} if arguments.speakers is None else {"speakers": arguments.speakers}
    settings = Settings(
        kiosk=arguments.kiosk,
        language=arguments.language,
        idle_seconds=arguments.idle_seconds,
        local=arguments.microphone == "local",
        device=arguments.device,
        names=tuple(arguments.allowed_host),
        status_port=arguments.status_port,
        weights=find(arguments.weights).name,
        card_address=arguments.card_address,
        files=arguments.files or not arguments.kiosk,
        **limits,
    )
    if settings.local:
        check_microphone(settings.device)
    auth = tuple(arguments.auth.split(":", 1)) if arguments.auth else None
    serve(v2f.load(arguments.weights, exact=arguments.exact), arguments.host, arguments.port, settings, auth)
