"""How a booth is set up."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What the options of app.py choose about the page."""

    kiosk: bool = False  # full screen, and back to the beginning whenever nobody is there
    language: str = "en"  # one of texts.LANGUAGES
    idle_seconds: int = 60  # after the visitor's last touch everything is forgotten; 0: never
    local: bool = False  # record at this machine, not in the browser
    device: int | None = None  # this machine's microphone; by default its first choice
