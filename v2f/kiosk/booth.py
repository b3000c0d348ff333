"""A machine that shows only this: its systemd units, Chromium's policy, and the commands for them; docs/booth.md."""

import json
import re
import sys
from pathlib import Path

from v2f.assets import ASSETS

NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")  # also the name of a user and of a unit

# Reads what is installed, writes nothing but a /tmp of its own, and has no user that outlives it.
PAGE = """\
[Unit]
Description=v2f booth {name}: the page

[Service]
ExecStart={command}
DynamicUser=yes
User={name}-page
Environment=HOME=/tmp
Restart=always
RestartSec=2
CapabilityBoundingSet=
LockPersonality=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
{more}
[Install]
WantedBy=multi-user.target
"""
ONLY_THIS_MACHINE = "IPAddressDeny=any\nIPAddressAllow=localhost\n"
ITS_MICROPHONE = "SupplementaryGroups=audio\n"

# Takes the first console, instead of a login; stops and starts again with the page.
SCREEN = """\
[Unit]
Description=v2f booth {name}: the screen
Requires={name}.service
After={name}.service systemd-user-sessions.service plymouth-quit-wait.service getty@tty1.service
Conflicts=getty@tty1.service
ConditionPathExists=/dev/tty0

[Service]
User={name}
PAMName=login
TTYPath=/dev/tty1
TTYReset=yes
TTYVHangup=yes
TTYVTDisallocate=yes
StandardInput=tty-fail
StandardOutput=journal
UtmpIdentifier=tty1
UtmpMode=user
ExecStartPre=/usr/bin/curl --silent --output /dev/null --retry 90 --retry-delay 1 --retry-connrefused {url}
ExecStart=/usr/bin/cage -- /usr/bin/chromium {flags} {url}
TimeoutStartSec=120
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
"""
FLAGS = (
    "--kiosk",
    "--ozone-platform=wayland",
    "--incognito",  # what it remembers goes when it ends
    "--no-first-run",
    "--password-store=basic",  # asks for no keyring
    "--kiosk-printing",  # at once, on the default printer: the dialogue could save a file
    "--disable-pinch",
    "--overscroll-history-navigation=0",
)

COMMANDS = """\
The booth {name}. As root, in the folder of this file:

    apt-get install cage chromium curl pipewire-audio
    useradd --create-home {name}
    cp {name}.service {name}-screen.service /etc/systemd/system/
    install -D --mode 644 {name}.json /etc/chromium/policies/managed/{name}.json
    systemctl daemon-reload
    systemctl enable --now {name} {name}-screen

To update it:

    {update}
    systemctl restart {name}

How it is doing, and a button that brings it back to its beginning: http://127.0.0.1:{status_port}
at this machine, or through

    ssh -L {status_port}:127.0.0.1:{status_port} THIS-MACHINE

To read its log, in which nothing is that a visitor said:

    journalctl --follow --unit {name} --unit {name}-screen
"""


def write(name: str, options: list[str], host: str, port: int, status_port: int) -> Path:
    """Write the files of a booth to a folder of its name.

    Args:
        name: one that matches NAME.
        options: of `v2f kiosk`, that the booth's page is started with.
        host: the address among them that it listens on.
        port: and the port.
        status_port: that of the host's page.

    Returns:
        The file with the commands that install, update and watch it.
    """
    folder = Path(name)
    url = f"http://127.0.0.1:{port}"  # to browsers as good as https
    command = " ".join(map(quoted, [sys.executable, "-m", "v2f", "kiosk", "--kiosk", *options]))
    more = ONLY_THIS_MACHINE if host == "127.0.0.1" else ""
    if "--microphone" in options:  # local, since the browser's is the default
        more += ITS_MICROPHONE
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.service").write_text(PAGE.format(name=name, command=command, more=more), "utf-8")
    (folder / f"{name}-screen.service").write_text(
        SCREEN.format(name=name, flags=" ".join(FLAGS), url=url), "utf-8"
    )
    rules = policy(url, files="--files" in options, cards="--card-address" in options)
    (folder / f"{name}.json").write_text(json.dumps(rules, indent=2) + "\n", "utf-8")
    commands = folder / "README.txt"
    commands.write_text(COMMANDS.format(name=name, update=how_to_update(), status_port=status_port), "utf-8")
    return commands


def policy(url: str, files: bool, cards: bool) -> dict[str, object]:
    """What Chromium lets a visitor do: this page may hear the microphone, and there is nothing else.

    Args:
        url: the page's.
        files: whether visitors may choose files and save pictures.
        cards: whether they may print.
    """
    return {
        "AudioCaptureAllowedUrls": [url],
        "AutoplayAllowlist": [url],  # the level of the microphone moves before anybody has touched the screen
        "VideoCaptureAllowed": False,
        "URLBlocklist": ["*"],
        "URLAllowlist": [url],
        "AllowFileSelectionDialogs": files,  # they show the machine's files
        "DownloadRestrictions": 0 if files else 3,  # none: faces of visitors would stay on the disk
        "DeveloperToolsAvailability": 2,  # never
        "PrintingEnabled": cards,
        "TranslateEnabled": False,
        "MetricsReportingEnabled": False,
    }


def how_to_update() -> str:
    """The command that brings the newest v2f where this one is from."""
    checkout = ASSETS.parent
    if (checkout / "Makefile").exists():
        return f"git -C {checkout} pull && make -C {checkout} install"
    return f'{sys.executable} -m pip install --upgrade "v2f[kiosk]"'


def quoted(word: str) -> str:
    """A word of a command, as systemd reads it."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return word if re.fullmatch(r"[\w./:%=,@+-]+", word) else f'"{word}"'
