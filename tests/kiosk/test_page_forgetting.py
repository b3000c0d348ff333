"""What a visitor leaves behind in a real browser, and on the server: nothing."""

import re
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, Request, Response, Route, expect

from tests.kiosk.conftest import Kiosk, OpenPage
from tests.kiosk.looking import (
    faces,
    look_inside,
    nothing_left,
    play_example,
    speak_for,
    state,
    upload_voice,
)
from tests.support.browser import EXAMPLES


class TestForgetting:
    def test_save_gives_a_picture_and_keeps_nothing(self, page: Page, kiosk: Kiosk, tmp_path: Path) -> None:
        upload_voice(page)
        page.click("#more-button")
        with page.expect_download() as download:
            page.click("#save")
        download.value.save_as(tmp_path / "sheet.png")
        assert re.fullmatch(r"v2f-\d{4}-\d\d-\d\d\.png", download.value.suggested_filename)
        sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB"))
        assert sheet.shape[1] == 1600 and len(np.unique(sheet.reshape(-1, 3), axis=0)) > 1000
        assert nothing_left(kiosk)

    def test_save_holds_the_noise_only_once_it_was_tried(self, page: Page, tmp_path: Path) -> None:
        heights = []
        upload_voice(page)
        for name in ("voice", "noise"):
            page.click("#more-button")
            with page.expect_download() as download:
                page.click("#save")
            download.value.save_as(tmp_path / name)
            heights.append(Image.open(tmp_path / name).height)
            page.click("#kinds [data-value=hum]")
            expect(page.locator("#hero .mix canvas")).to_be_visible()
        assert heights[0] < heights[1]

    def test_forget_leaves_no_audio_and_no_face_anywhere(self, page: Page, kiosk: Kiosk) -> None:
        stored, overheard = browser_storage(page), Overheard(page)
        speak_for(page, 2)
        page.click("#rec")
        state(page, "result")
        upload_voice(page)
        look_inside(page, "others")
        expect(page.locator(".other canvas").first).to_be_visible()
        look_inside(page, "hears")
        expect(page.locator("#logmel-axis")).not_to_be_empty()
        page.click("#inside-close")
        assert len(overheard.faces) > 10 and remains(page, overheard.faces)
        page.click("#forget")
        state(page, "attract")
        expect(page.locator("#strip-voice canvas, #strip-noise canvas, .other canvas")).to_have_count(0)
        assert remains(page, overheard.faces) == []
        assert browser_storage(page) == stored
        assert overheard.sessions_on_the_server() == []
        assert nothing_left(kiosk)

    def test_the_idle_reset_does_the_same_by_itself(self, impatient: Kiosk, open_page: OpenPage) -> None:
        page = open_page(impatient)
        expect(page.locator("#idle")).to_be_hidden()
        overheard = Overheard(page)
        upload_voice(page)
        expect(page.locator("#idle b")).to_have_text(re.compile("0:0[1-4]"))
        state(page, "attract")
        expect(page.locator("#strip-voice canvas, #strip-noise canvas")).to_have_count(0)
        assert remains(page, overheard.faces) == []
        assert overheard.sessions_on_the_server() == []
        assert nothing_left(impatient)

    def test_a_touch_starts_the_countdown_anew(self, impatient: Kiosk, open_page: OpenPage) -> None:
        page = open_page(impatient)
        upload_voice(page)
        for _ in range(6):
            page.wait_for_timeout(1000)
            page.keyboard.press("Shift")
        state(page, "result")

    def test_a_clip_of_noise_that_arrives_when_its_visitor_has_left_is_nobodys(self, page: Page) -> None:
        upload_voice(page)
        held: list[Route] = []
        page.route("**/gradio_api/upload*", lambda route: held.append(route))
        page.set_input_files("#own-file", EXAMPLES[2])
        for _ in range(100):
            if held:
                break
            page.wait_for_timeout(50)
        page.click("#forget")
        state(page, "attract")
        with page.expect_response(
            lambda answer: "read_noise_clip" in (answer.request.post_data or "")
        ) as read:
            held[0].continue_()
        page.wait_for_timeout(500)
        expect(page.locator("#kinds [data-value=own]")).to_have_attribute("aria-checked", "false")
        body = {**read.value.request.post_data_json, "fn_name": "finish_recording"}
        body["data"] = {"session": read.value.json()["clip"]}
        assert page.request.post(read.value.url, data=body).json() == {"problem": "gone"}

    def test_two_visitors_never_see_each_others_face(self, page: Page, open_page: OpenPage) -> None:
        other = open_page()
        mine, others = Overheard(page), Overheard(other)
        page.click("#rec")
        play_example(other, 1)
        for visitor in (page, other):
            state(visitor, "result")
            expect(faces(visitor, "noise").nth(3)).to_be_visible()
        assert len(mine.faces) > 10 and len(others.faces) > 10
        assert not mine.faces & others.faces


def browser_storage(page: Page) -> str:
    return page.evaluate("""async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie,
        (await indexedDB.databases()).map(base => base.name), await caches.keys()])""")


def remains(page: Page, seen: set[str]) -> list[str]:
    """What the page's memory still holds of the pictures `seen`, and of any sound, once garbage is collected."""
    devtools = page.context.new_cdp_session(page)
    snapshot: list[str] = []
    devtools.on("HeapProfiler.addHeapSnapshotChunk", lambda event: snapshot.append(event["chunk"]))
    devtools.send("HeapProfiler.collectGarbage")
    devtools.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    strings, shown = (
        "".join(snapshot),
        page.request.get(f"{page.url}config").text(),
    )  # the attract page's faces stay
    left = [
        f"picture {picture[300:320]}"
        for picture in seen
        if picture[300:380] in strings and picture[300:380] not in shown
    ]
    for kind, holds in (
        ("Float32Array", "array => array.some(sample => sample)"),
        (
            "OffscreenCanvas",
            """canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
            .data.some((value, i) => value && i % 4 !== 3)""",
        ),
    ):
        found = devtools.send("Runtime.evaluate", {"expression": f"{kind}.prototype"})["result"]["objectId"]
        alive = devtools.send("Runtime.queryObjects", {"prototypeObjectId": found})["objects"]["objectId"]
        asked = {
            "objectId": alive,
            "functionDeclaration": f"function() {{ return this.filter({holds}).length; }}",
            "returnByValue": True,
        }
        count = devtools.send("Runtime.callFunctionOn", asked)["result"]["value"]
        left += [f"{count} {kind} with something in it"] if count else []
    devtools.detach()
    return left


class Overheard:
    """What a page and the server say to each other: the tokens of sessions, and the faces."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._asked: list[Request] = []
        self.faces: set[str] = set()
        page.on("response", self._hear)

    def _hear(self, response: Response) -> None:
        if "/component_server" in response.url:
            self._asked.append(response.request)
            self.faces |= set(re.findall(r"data:image/png;base64,[^\"]+", response.text()))

    def sessions_on_the_server(self) -> list[str]:
        """Ask for every token again, as the page did."""
        said = [request.post_data_json for request in self._asked]
        tokens = {ask["data"].get("session") for ask in said} - {None}
        found = []
        for token in tokens:
            ask = {**said[0], "fn_name": "finish_recording", "data": {"session": token}}
            answer = self._page.request.post(self._asked[0].url, data=ask).json()
            if answer != {"problem": "gone"}:
                found.append(token)
        assert tokens
        return found
