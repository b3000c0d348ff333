"""What the page is made of, whoever serves it: its files, and what its scripts are told."""

from pathlib import Path
from typing import Any

from v2f.kiosk.explanation import critic_scale
from v2f.kiosk.settings import Settings
from v2f.kiosk.texts import LANGUAGES, TEXTS
from v2f.kiosk.wire import MAX_UPLOAD_SECONDS, TIMELINE_BARS, TIMELINE_SECONDS, FaceMessage
from v2f.models.weights import Model
from v2f.pipeline import DURATIONS

STATIC = Path(__file__).parent / "static"
STYLES = ("kiosk", "faces", "controls", "inside", "why", "screens", "games", "forced-colors")  # in this order


def page_config(
    settings: Settings,
    model: Model,
    example_faces: list[FaceMessage],
    typical_scores: dict[str, list[float]] | None,
) -> dict[str, Any]:
    """What the page's scripts are told, as JSON can hold it.

    Args:
        settings: how the booth is set up.
        model: the one that draws the faces.
        example_faces: those that greet whoever comes.
        typical_scores: as `Showpieces` has them.
    """
    return {
        "texts": TEXTS,
        "languages": LANGUAGES,
        "durations": DURATIONS,
        "timeline": {"seconds": TIMELINE_SECONDS, "bars": TIMELINE_BARS},
        "max_upload_seconds": MAX_UPLOAD_SECONDS,
        "example_faces": example_faces,
        "typical_scores": typical_scores,
        "critic_scale": critic_scale(model),
        "kiosk": settings.kiosk,
        "language": settings.language,
        "idle": settings.idle_seconds,
        "local": settings.local,
        "cards": settings.card_address is not None,
        "files": settings.files,
    }
