"""The other rows of Table 3: matchers that compare a voice with faces directly, on the same trials."""

from collections.abc import Iterable
from functools import partial

import numpy as np
import torch

from v2f.evaluation.generated_faces import GeneratedFaces, pixels
from v2f.evaluation.questions.matching import UNSTRATIFIED, result_of_wins
from v2f.evaluation.trials import Trials, compare, score
from v2f.models.classifiers import Matcher
from v2f.report.results import Result

NAMES = {"dimnet-i": "DIMNet-I", "dimnet-g": "DIMNet-G", "svhf": "SVHF"}
PAPER = {  # Table 3, testing set: unstratified, and with imposters of the same gender
    "dimnet-i": {UNSTRATIFIED: 0.8345, "gender": 0.7091},
    "dimnet-g": {UNSTRATIFIED: 0.7290, "gender": 0.5032},
    "svhf": {UNSTRATIFIED: 0.8100, "gender": 0.6520},
}
AT_ONCE = 65_536  # trials


def matchers(
    drawn: GeneratedFaces, lists: dict[str, Trials], trained: Iterable[Matcher], seed: int
) -> list[Result]:
    """1:2 matching of voices to the subjects' true faces by each matcher."""
    subjects, found = drawn.subjects, []
    for matcher in trained:
        voices, faces = embeddings(matcher, drawn)
        for stratum, trials in lists.items():
            of_pair = score if matcher.chooser is None else partial(chosen, matcher)
            wins = of_pair(voices, faces, trials)
            paper = PAPER[matcher.kind].get(stratum)
            by = NAMES[matcher.kind]
            found.append(result_of_wins(wins, trials, subjects, by, stratum, seed, paper=paper))
    return found


def embeddings(matcher: Matcher, drawn: GeneratedFaces) -> tuple[np.ndarray, np.ndarray]:
    """A matcher's embeddings of all whole recordings and of all true faces, float32 [n, 64] each."""
    subjects, device = drawn.subjects, matcher.runtime.device
    voices = []
    for recording in range(len(subjects.voice_person)):
        heard = subjects.hear(recording)
        assert heard is not None
        voices.append(matcher.embed_voices(heard[None].to(device)))
    faces = [matcher.embed_faces(part) for part in pixels(subjects.faces, device)]
    return torch.cat(voices).cpu().numpy(), torch.cat(faces).cpu().numpy()


def chosen(matcher: Matcher, voices: np.ndarray, faces: np.ndarray, trials: Trials) -> np.ndarray:
    """Which trials a matcher with a chooser wins, float32 [trials]; ties one half."""
    device, wins = matcher.runtime.device, []
    heard, seen = torch.from_numpy(voices).to(device), torch.from_numpy(faces).to(device)
    for start in range(0, len(trials.probe), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        probe, true, imposter = (
            torch.from_numpy(rows[part].astype(np.int64)).to(device)
            for rows in (trials.probe, trials.true, trials.imposter)
        )
        likely = matcher.choose(heard[probe], seen[true], seen[imposter]).float().cpu().numpy()
        wins.append(compare(likely, 1 - likely))
    return np.concatenate(wins)
