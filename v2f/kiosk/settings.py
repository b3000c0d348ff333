"""How a booth is set up."""

import os
from dataclasses import dataclass

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SPEAKERS_PER_CORE = 2  # docs/performance.md, "Visitors at once"


@dataclass(frozen=True)
class Settings:
    """What the options of `v2f kiosk` choose about the page.

    Attributes:
        kiosk: full screen, and back to the beginning whenever nobody is there.
        language: one of texts.LANGUAGES.
        idle_seconds: this long after the visitor's last touch everything is forgotten; 0: never.
        local: record at this machine, not in the browser.
        device: the number of this machine's microphone; None: its own choice.
        names: by which the page may be called, besides its addresses; see guard.py.
        card_address: where phones reach this server, to fetch cards; None: there are no cards.
        files: whether visitors may save pictures and choose files, at the machine that shows the page.
        framed_by: the site that may show the page in a frame; none by default.
        speakers: how many visitors may speak at once; the others wait their turn.
        status_port: of the host's page at 127.0.0.1; None: there is no such page.
        weights: what the host's page calls the model.
    """

    kiosk: bool = False
    language: str = "en"
    idle_seconds: int = 60
    local: bool = False
    device: int | None = None
    names: tuple[str, ...] = ()
    card_address: str | None = None
    files: bool = True
    framed_by: str | None = None
    speakers: int = SPEAKERS_PER_CORE * CORES
    status_port: int | None = None
    weights: str = ""
