"""A booth's share of a core, from what its processes had before and after."""

import pytest

from benchmarks.attract import part_of_browser, rows, shares


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (["/usr/lib/chromium/chromium", "--headless=new"], "browser"),
        (["/usr/lib/chromium/chromium --type=renderer --lang=en"], "renderer"),  # as Chromium writes its own
        (["/usr/lib/chromium/chromium", "--type=utility", "--utility-sub-type=audio"], "utility"),
        (["/usr/bin/node", "driver", "chromium"], ""),
        ([], ""),
    ],
)
def test_a_process_of_the_browser_is_known_by_its_command(command: list[str], part: str) -> None:
    assert part_of_browser(command) == part


def test_a_share_is_what_was_taken_meanwhile_of_the_time_that_passed() -> None:
    before = {(1, "server"): 5.0, (2, "renderer"): 1.0, (3, "utility"): 9.0}
    after = {(1, "server"): 6.0, (2, "renderer"): 3.0, (4, "utility"): 1.0}  # one began, one ended
    taken = shares(before, after, 100)
    assert taken["the server"] == pytest.approx(0.01) and taken["the page"] == pytest.approx(0.02)
    assert taken["the rest of the browser"] == pytest.approx(0.01)
    assert rows(taken, 100)[-1] == {
        "over 100 s": "together",
        "share of a core": "4.0%",
        "limit": "5%",
        "met": "yes",
    }
    assert rows(shares(before, after, 60), 60)[-1]["met"] == "**no**"
