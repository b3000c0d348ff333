"""The other rows of Table 3: matchers that compare a voice with faces directly, on the same trials."""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import torch

from v2f.evaluation.generated_faces import GeneratedFaces, network_inputs
from v2f.evaluation.questions.matching import result_of_wins
from v2f.evaluation.trials import Trials, compare, score
from v2f.models.classifiers import Matcher
from v2f.report.results import Judge, Result, Stratum

PAPER = {  # Table 3, testing set: unstratified, and with imposters of the same gender
    Judge.DIMNET_I: {None: 0.8345, Stratum.GENDER: 0.7091},
    Judge.DIMNET_G: {None: 0.7290, Stratum.GENDER: 0.5032},
    Judge.SVHF: {None: 0.8100, Stratum.GENDER: 0.6520},
}
BATCH = 65_536  # trials


def matchers(
    generated: GeneratedFaces, lists: dict[Stratum | None, Trials], trained: Iterable[Matcher], seed: int
) -> Iterator[Result]:
    """1:2 matching of voices to the subjects' true faces by each matcher."""
    for matcher in trained:
        by = Judge(matcher.kind.replace("-", "_"))
        voices, faces = embeddings(matcher, generated)
        wins_of = score if matcher.chooser is None else partial(chosen, matcher)
        for stratum, trials in lists.items():
            wins = wins_of(voices, faces, trials)
            paper = PAPER[by].get(stratum)
            yield result_of_wins(wins, trials, generated.subjects, stratum, seed, by=by, paper=paper)


def embeddings(matcher: Matcher, generated: GeneratedFaces) -> tuple[np.ndarray, np.ndarray]:
    """A matcher's embeddings of all whole recordings and of all true faces, float32 [n, 64] each."""
    subjects, device = generated.subjects, matcher.runtime.device
    voices = [
        matcher.embed_voices(subjects.features(recording)[None].to(device))
        for recording in range(len(subjects.voice_person))
    ]
    faces = [
        matcher.embed_faces(part) for part in network_inputs(subjects.faces, device, matcher.trunk.image_size)
    ]
    return torch.cat(voices).cpu().numpy(), torch.cat(faces).cpu().numpy()


def chosen(matcher: Matcher, voices: np.ndarray, faces: np.ndarray, trials: Trials) -> np.ndarray:
    """Which trials a matcher with a chooser wins, float32 [trials]; ties one half."""
    device, wins = matcher.runtime.device, []
    voice, face = torch.from_numpy(voices).to(device), torch.from_numpy(faces).to(device)
    rows = (torch.from_numpy(rows).long().to(device) for rows in (trials.probe, trials.true, trials.imposter))
    for probe, true, imposter in zip(*(part.split(BATCH) for part in rows), strict=True):
        likely = matcher.choose(voice[probe], face[true], face[imposter]).float().cpu().numpy()
        wins.append(compare(likely, 1 - likely))
    return np.concatenate(wins)
