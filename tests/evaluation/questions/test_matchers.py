"""The other rows of Table 3 on the same trials."""

import numpy as np
import pytest
import torch

from v2f.evaluation.questions.matchers import chosen, embeddings, matchers
from v2f.evaluation.questions.matching import trials_of
from v2f.models import FaceTrunk, Runtime, VoiceEncoder
from v2f.models.classifiers import KINDS, Matcher
from v2f.models.networks import Chooser
from v2f.report.results import Judge

CPU = Runtime.choose("cpu", exact=True)


@pytest.fixture(params=KINDS)
def matcher(request) -> Matcher:
    torch.manual_seed(0)
    chooser = Chooser().eval() if request.param == "svhf" else None
    return Matcher(request.param, VoiceEncoder().eval(), FaceTrunk().eval(), chooser, CPU)


def test_untrained_matchers_are_at_chance_and_stand_beside_their_papers(make_generated, matcher) -> None:
    generated = make_generated(knows=True, people=20)
    lists, _ = trials_of(generated, 2000, seed=0)
    found = list(matchers(generated, lists, [matcher], seed=0))
    assert [result.stratum for result in found] == list(lists)
    assert {result.by for result in found} <= {Judge.DIMNET_I, Judge.DIMNET_G, Judge.SVHF}
    for result in found[:2]:
        assert result.low <= 0.5 <= result.high
        assert result.paper is not None
    assert all(result.paper is None for result in found[2:])  # by nationality and age the papers tell none


def test_a_chooser_is_asked_for_every_trial_and_loses_what_it_wins_with_the_faces_exchanged(
    make_generated,
) -> None:
    torch.manual_seed(1)
    matcher = Matcher("svhf", VoiceEncoder().eval(), FaceTrunk().eval(), Chooser().eval(), CPU)
    generated = make_generated(knows=True, people=6)
    lists, _ = trials_of(generated, 200, seed=0)
    trials = lists[None]
    voices, faces = embeddings(matcher, generated)
    assert voices.shape == (18, 64) and faces.shape == (18, 64)
    wins = chosen(matcher, voices, faces, trials)
    by_hand = [
        matcher.choose(*(torch.from_numpy(part)[None] for part in (voices[p], faces[t], faces[i]))).item()
        > 0.5
        for p, t, i in zip(trials.probe, trials.true, trials.imposter, strict=True)
    ]
    np.testing.assert_array_equal(wins, by_hand)
