"""A card: what is on it, who can fetch it and for how long, and that it is kept in memory alone."""

import base64
import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image

import v2f
from tests.conftest import MadeVoice
from tests.kiosk.served import Served, served
from v2f.kiosk.card_picture import HEIGHT, WIDTH, draw_card
from v2f.kiosk.settings import Settings
from v2f.kiosk.texts import LANGUAGES
from v2f.kiosk.wire import encode_samples
from v2f.pipeline import VoiceToFace

ADDRESS = "https://cards.example"
GONE = {"problem": "gone"}
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> VoiceToFace:
    return v2f.load(random_weights, device="cpu", exact=True)


@pytest.fixture(scope="module")
def page(engine: VoiceToFace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("uploads"), Settings(card_address=ADDRESS)) as page:
        yield page


@pytest.fixture
def ask(page: Served) -> Ask:
    return lambda name, **question: page.ask(name, question).json()


@pytest.fixture
def session(ask: Ask, made_voice: MadeVoice) -> str:
    """The token of a finished recording."""
    token = ask("start_recording", seconds=3)["session"]
    ask("update_recording", session=token, samples=encode_samples(made_voice(3)))
    ask("finish_recording", session=token)
    return token


def fetch(page: Served, card: dict[str, Any]) -> httpx.Response:
    """As a phone does, by the address in the QR code."""
    address = urlsplit(card["address"])
    return page.client.get(address.path, headers={"host": address.netloc})


def age(page: Served, session: str, seconds: float) -> None:
    """Let a card be so much older."""
    now = page.sessions.touch(session)
    assert now.card
    now.card = replace(now.card, made=now.card.made - seconds)


def test_a_card_is_a_picture_of_the_faces_that_were_drawn(engine: VoiceToFace, made_voice: MadeVoice) -> None:
    faces = engine.strip(made_voice(3), rate=16_000)
    card = draw_card(faces, date(2026, 11, 29), "en")
    assert Image.open(io.BytesIO(card)).size == (WIDTH, HEIGHT)
    assert len({draw_card(faces, date(2026, 11, 29), language) for language in LANGUAGES}) == len(LANGUAGES)
    assert card != draw_card(faces, date(2026, 11, 30), "en"), "the date is on it"
    whole = faces[-1]
    assert whole
    other = [*faces[:-1], replace(whole, image=255 - whole.image)]
    assert card != draw_card(other, date(2026, 11, 29), "en")


def test_the_code_leads_to_the_card(page: Served, ask: Ask, session: str) -> None:
    card = ask("make_card", session=session, language="en")
    code = np.asarray(Image.open(io.BytesIO(base64.b64decode(card["code"].partition(",")[2]))).convert("L"))
    assert cv2.QRCodeDetector().detectAndDecode(code)[0] == card["address"]
    assert card["address"].startswith(f"{ADDRESS}/card/")
    answer = fetch(page, card)
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"
    assert answer.content == base64.b64decode(card["picture"].partition(",")[2])
    assert answer.headers["cache-control"] == "no-store"


def test_a_card_goes_with_forget(page: Served, ask: Ask, session: str) -> None:
    card = ask("make_card", session=session, language="es")
    ask("forget", sessions=[session])
    assert fetch(page, card).status_code == 404


def test_a_card_goes_when_its_page_falls_silent(
    page: Served, ask: Ask, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = ask("make_card", session=session, language="en")
    monkeypatch.setattr(page.sessions, "_seconds_to_live", -1)
    page.sessions.forget_untouched()
    assert fetch(page, card).status_code == 404


def test_a_card_goes_after_ten_minutes_while_its_visitor_stays(page: Served, ask: Ask, session: str) -> None:
    card = ask("make_card", session=session, language="zh")
    age(page, session, 599)
    assert fetch(page, card).status_code == 200
    age(page, session, 2)
    page.sessions.forget_old_cards()
    assert page.sessions.touch(session).card is None, "its memory is free"
    assert fetch(page, card).status_code == 404


def test_a_card_that_is_too_old_is_not_handed_out_before_it_is_cleared_away(
    page: Served, ask: Ask, session: str
) -> None:
    card = ask("make_card", session=session, language="en")
    age(page, session, 601)
    assert fetch(page, card).status_code == 404


def test_a_card_can_be_forgotten_by_itself_and_a_new_one_replaces_it(
    page: Served, ask: Ask, session: str
) -> None:
    first = ask("make_card", session=session, language="en")
    second = ask("make_card", session=session, language="en")
    assert fetch(page, first).status_code == 404 and fetch(page, second).status_code == 200
    assert ask("drop_card", session=session) == {}
    assert fetch(page, second).status_code == 404
    assert ask("nearby_faces", session=session)["faces"], "the recording stays"


def test_addresses_cannot_be_guessed(page: Served, ask: Ask, session: str) -> None:
    addresses = {ask("make_card", session=session, language="en")["address"] for _ in range(20)}
    assert len(addresses) == 20 and {len(address.rpartition("/")[2]) for address in addresses} == {22}
    card = ask("make_card", session=session, language="en")
    wrong = card["address"][:-1] + ("B" if card["address"].endswith("A") else "A")
    assert fetch(page, {"address": wrong}).status_code == 404


def test_only_a_whole_recording_has_a_card(page: Served, ask: Ask) -> None:
    begun = ask("start_recording", seconds=3)["session"]
    assert ask("make_card", session=begun, language="en") == GONE
    assert ask("make_card", session="nobody's", language="en") == GONE
    assert ask("make_card", session=begun, language="../en") == {"problem": "trouble"}


def test_phones_get_cards_and_nothing_else(page: Served, ask: Ask, session: str) -> None:
    card = ask("make_card", session=session, language="en")
    by_name = {"host": "cards.example"}
    for path in ("/", "/config", "/kiosk/kiosk.js", "/card/", "/card/x", "/card/../config"):
        assert page.client.get(path, headers=by_name).status_code in (404, 421)
    assert page.client.post(urlsplit(card["address"]).path, headers=by_name).status_code == 421
    assert (
        fetch(page, {"address": card["address"].replace("cards.example", "evil.example")}).status_code == 421
    )


def test_nothing_of_a_card_is_on_the_disk_or_in_the_log(
    page: Served, ask: Ask, session: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG, logger="v2f"), caplog.at_level(logging.INFO, logger="uvicorn"):
        card = ask("make_card", session=session, language="en")
        fetch(page, card)
        ask("forget", sessions=[session])
        fetch(page, card)
    token = card["address"].rpartition("/")[2]
    assert not page.files()
    assert token not in caplog.text and not set(capfd.readouterr()) - {""}


def test_there_are_no_cards_unless_the_host_gave_an_address(engine: VoiceToFace, tmp_path: Path) -> None:
    with served(engine, tmp_path) as page:
        assert page.client.get("/card/" + "A" * 22).text == "There is nothing here."
        assert page.ask("make_card", {"session": "x", "language": "en"}).status_code != 200
        [kiosk] = [one for one in page.client.get("/config").json()["components"] if one["type"] == "html"]
        assert kiosk["props"]["props"]["config"]["cards"] is False
