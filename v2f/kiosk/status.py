"""What the host of a booth may know: visits today, the microphone, what went wrong. Nothing of any visitor.

The page asks `alive` every few seconds, and so learns that the server has gone, or that its host began anew.
"""

import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import wraps
from threading import Lock
from typing import Any, Literal, get_args

from pydantic import validate_call

from v2f.kiosk.problems import answer_problems

SeenByThePage = Literal["nomic", "permission", "insecure", "mic_lost"]  # of its browser's microphone
OF_THE_MICROPHONE = {*get_args(SeenByThePage), "quiet", "no_speech"}

Answer = dict[str, Any]
Question = Callable[..., Answer]


@dataclass
class Today:
    """What was counted on a day, from the kiosk's start on.

    Attributes:
        day: which one.
        visits: how many times somebody began to use a page.
        problems: how many times each was met, by its key in texts.py.
        last_problem: when the last of them was met; None: none was.
        heard: what the last recording said of the microphone, and when: "" for a voice, or the key of a problem; None
            before the first one.
    """

    day: date
    visits: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    last_problem: datetime | None = None
    heard: tuple[str, datetime] | None = None


class Status:
    """Counts what happens at the booth, without a word of what is said there. Safe between threads."""

    def __init__(self, now: Callable[[], datetime] = datetime.now) -> None:
        """`now`: the clock on the wall."""
        self._now = now
        self._lock = Lock()
        self.started = now()
        self._counted = Today(self.started.date())
        self.begin_anew()

    def begin_anew(self) -> None:
        """Have every open page go back to its beginning, once it asks."""
        self._beginning = secrets.token_hex(4)

    def today(self) -> Today:
        """A copy of what was counted since midnight."""
        with self._lock:
            counted = self._current()
            return replace(counted, problems=Counter(counted.problems))

    def questions(self) -> list[Question]:
        """What the page asks of it, as in BoothService.questions."""
        return [answer_problems(one) for one in (self.alive, self.count_visit, self.report_problem)]

    def watched(self, question: Question) -> Question:
        """Wrap a question of the page so that the problems it answers are counted, and that a voice was heard."""

        @wraps(question)
        def watch(**arguments: Any) -> Answer:
            answer = question(**arguments)
            if "problem" in answer:
                self._count_problem(answer["problem"])
            elif question.__name__ == "finish_recording":
                with self._lock:
                    self._current().heard = ("", self._now())
            return answer

        return watch

    @validate_call
    def alive(self) -> Answer:
        """Answer that the server does -> {"beginning": another one after it was started or reset}."""
        return {"beginning": self._beginning}

    @validate_call
    def count_visit(self) -> Answer:
        """Count a visitor, by nothing but that there was one."""
        with self._lock:
            self._current().visits += 1
        return {}

    @validate_call
    def report_problem(self, problem: SeenByThePage) -> Answer:
        """Count a problem that only the page can see."""
        self._count_problem(problem)
        return {}

    def _count_problem(self, key: str) -> None:
        if key == "gone":  # forgotten, as it should be
            return
        with self._lock:
            counted, now = self._current(), self._now()
            counted.problems[key] += 1
            counted.last_problem = now
            if key in OF_THE_MICROPHONE:
                counted.heard = (key, now)

    def _current(self) -> Today:
        """What is counted today; at midnight it begins again."""
        if self._counted.day != self._now().date():
            self._counted = Today(self._now().date())
        return self._counted
