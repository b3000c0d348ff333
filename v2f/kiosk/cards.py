"""Take it home: a card with the visitor's face, to print or to fetch with a phone by a QR code.

A card lies in its session (sessions.py), so it goes with Forget and all else that forgets a session; it is never on
the disk. There are none unless the host gave an address that phones can reach.
"""

import base64
from collections.abc import Callable
from datetime import date
from typing import Any

import segno
from pydantic import validate_call
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from v2f.kiosk.card_picture import draw_card
from v2f.kiosk.compute_queue import ComputeQueue
from v2f.kiosk.problems import answer_problems
from v2f.kiosk.sessions import Card, SessionStore
from v2f.kiosk.wire import Language, Token

CARD_PATH = "/card/"
CODE_SCALE = 8  # pixels a module

Answer = dict[str, Any]


class Cards:
    """Makes cards and hands them out.

    Args:
        address: that phones reach this server at, without a path.
        sessions: where the faces are, and the cards.
        queue: draws the cards.
    """

    def __init__(self, address: str, sessions: SessionStore, queue: ComputeQueue) -> None:
        self._address, self._sessions, self._queue = address, sessions, queue

    def questions(self) -> list[Callable[..., Answer]]:
        """The questions of the page, as BoothService.questions lists its own."""
        return [answer_problems(self.make_card), answer_problems(self.drop_card)]

    @validate_call
    def make_card(self, session: Token, language: Language) -> Answer:
        """Make the card of a recording, for a visitor who said yes. One made before can no longer be fetched.

        Returns:
            {"picture": data URL of a JPEG; "address" to fetch it from; "code": that as a QR code, data URL of a PNG}

        Raises:
            Problem: "gone", where the session is forgotten or in progress; "busy".
        """
        now = self._sessions.touch(session)
        now.whole_face()
        picture = self._queue.run(lambda: draw_card(now.faces, date.today(), language))
        now.card = Card(picture)
        address = f"{self._address}{CARD_PATH}{now.card.token}"
        return {
            "picture": "data:image/jpeg;base64," + base64.b64encode(picture).decode(),
            "address": address,
            "code": segno.make_qr(address).png_data_uri(scale=CODE_SCALE, dark="#000", light="#fff"),
        }

    @validate_call
    def drop_card(self, session: Token) -> Answer:
        """Forget the card of a recording. Raises Problem: "gone"."""
        self._sessions.touch(session).card = None
        return {}

    def route(self) -> Route:
        """Where phones fetch cards, by GET."""
        return Route(CARD_PATH + "{token}", self._hand_out)

    async def _hand_out(self, request: Request) -> Response:
        picture = self._sessions.card(request.path_params["token"])
        if picture is None:
            return PlainTextResponse("This card is gone.", 404)
        return Response(picture, media_type="image/jpeg")
