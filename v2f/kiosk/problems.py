"""What can go wrong for a visitor. A problem's key names its words in texts.py, in each language."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from pydantic import ValidationError

from v2f.errors import MicrophoneError, NoSpeechError, UnreadableAudioError

log = logging.getLogger(__name__)


class Problem(Exception):
    """A failure that is expected at the booth; `key` stands for its title and sentence, which may name `seconds`."""

    def __init__(self, key: str, seconds: int | None = None) -> None:
        super().__init__(key)
        self.key, self.seconds = key, seconds


def answer_problems(question: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Wrap a question of the page so that it answers {"problem": key} where it would raise."""

    @wraps(question)
    def answer(**arguments: Any) -> dict[str, Any]:
        try:
            return question(**arguments)
        except Problem as problem:
            known = {} if problem.seconds is None else {"seconds": problem.seconds}
            return {"problem": problem.key} | known
        except NoSpeechError:
            return {"problem": "no_speech"}
        except UnreadableAudioError:
            return {"problem": "unreadable"}
        except MicrophoneError:
            return {"problem": "mic_lost"}
        except ValidationError as error:  # our own page does not send such arguments
            log.info("%s: %s", question.__name__, error)
            return {"problem": "trouble"}
        except Exception:  # the outermost handler: the visitor gets a sentence, the log the traceback
            log.exception("%s failed", question.__name__)
            return {"problem": "trouble"}

    return answer
