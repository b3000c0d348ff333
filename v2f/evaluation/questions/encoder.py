"""What does a voice encoder's embedding hold? The encoder alone, without a generator.

    v2f study encoder --data STORE --encoder WEIGHTS --pairs STORE-pairs --out DIR

Looks: a ridge regression from embeddings to dlib's descriptor of the true face, in five-fold cross-validation over the
people of the true pairs; then 1:2 matching by cosine, each side less its mean. Age, by the same ridge. Speaker: the
equal error rate over pairs of different recordings of kept-out Common Voice speakers. Gender: a logistic regression on
embeddings of training speakers, a recording of each, applied to the kept-out ones.

The pairs are those of the part "map", which may be looked at as often as one likes; the part "measure" is left for the
report. Embeddings are of whole recordings unless a number of seconds is given.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from v2f.audio.features import FRAMES_PER_SECOND, FULL_SCALE
from v2f.audio.front_ends import FRONT_ENDS
from v2f.data.apparent import ApparentSexAndAge
from v2f.data.demo.looks import PreparedPairs
from v2f.data.demo.pairing import RIDGE_LOOKS, Ridge
from v2f.data.recordings import frames_of
from v2f.data.shards import write_atomically
from v2f.data.store import Store, store_hash
from v2f.errors import WeightsError
from v2f.evaluation.intervals import (
    mean_over_pairs,
    mean_over_people,
    rank_correlation,
    verification_over_pairs,
)
from v2f.evaluation.trials import check_unseen, compare
from v2f.metrics import all_pairs, unit_rows
from v2f.models import (
    DVectorEncoder,
    Encoder,
    FusedEncoder,
    Runtime,
    file_hash,
    load_networks,
    people_trained_on,
    unit,
)
from v2f.models.networks import GENDERS
from v2f.models.weights import LOOKS
from v2f.pipeline import DURATIONS
from v2f.report.markdown import plain, row
from v2f.report.results import RESULTS, Findings, LeftOut, Result
from v2f.report.wording import chance_of, count, interval_of, value_of

QUESTION = "encoder"
TABLE = "encoder.md"
PAIRS, KEPT_OUT = "true pairs, part map", "common voice"  # who it is measured on; the second is a split
FOLDS = 5
BATCH = 32  # recordings
HEADINGS = ("Measure", "Imposters", "Speech used", "Value", "95 %", "Chance", "People", "Trials")
TRAINED_ON_LOOKS = (
    "The encoder was trained on the faces of these very pairs, so matching and age are what it memorised as well as "
    "what voices hold; only the part measure distinguishes the two."
)


class Embedder:
    """The voice encoder of a weights file."""

    def __init__(self, weights: Path) -> None:
        """Raises WeightsError for a file without a voice encoder."""
        networks, config, self.provenance = load_networks(weights)
        encoder = networks.get("encoder")
        if not isinstance(encoder, Encoder):
            raise WeightsError(f"{weights} holds no voice encoder.")
        self.runtime, self.name = Runtime.choose(), config.encoder
        self.encoder, self.front_end = self.runtime.place(encoder), FRONT_ENDS[config.encoder]

    @torch.inference_mode()
    def __call__(self, recordings: Iterable[Tensor]) -> np.ndarray:
        """Unit embeddings float64 [n, 64] of recordings' frames [bins, frames], of any lengths."""
        embeddings, remaining = [], iter(recordings)
        while batch := list(islice(remaining, BATCH)):
            features = [self.front_end.normalise(frames).to(self.runtime.device) for frames in batch]
            with self.runtime.autocast():
                if isinstance(self.encoder, DVectorEncoder | FusedEncoder):
                    embeddings.append(self.encoder.embed_each(features))
                else:
                    embeddings += [self.encoder(one[None]).float() for one in features]
        return unit(torch.cat(embeddings)).cpu().numpy().astype(np.float64)

    def of_store(self, store: Store, voices: np.ndarray) -> np.ndarray:
        """Embeddings [n, 64] of whole recordings [n] of a store."""
        return self(frames_of(store, int(voice), encoder=self.name) for voice in voices)


def study(data: Path, weights: Path, pairs: Path, out: Path, seed: int = 0) -> str:
    """Measure an encoder; writes results.jsonl and a table into a folder, and returns the table.

    Raises CorpusError and WeightsError where something is missing, or a kept-out speaker was trained on.
    """
    embedder, store, prepared = Embedder(weights), Store.open(data), PreparedPairs.open(pairs)
    kept = store.voices_in(KEPT_OUT)
    speakers = sorted({store.person_of(voice).name for voice in kept})
    check_unseen(speakers, people_trained_on(embedder.provenance) or ())
    out.mkdir(parents=True, exist_ok=True)
    lines = looks(embedder, prepared, seed)
    if len(kept):
        lines += [*verification(embedder, store, kept, seed), *gender(embedder, store, kept, seed)]
    else:
        lines.append(LeftOut(QUESTION, KEPT_OUT, "the store has no such split"))
    run = {
        "weights": weights.name,
        "weights_sha256": file_hash(weights),
        "encoder": embedder.name,
        "store": data.name,
        "store_sha256": store_hash(data),
        "seed": seed,
        "precision": embedder.runtime.precision,
        LOOKS: embedder.provenance.get(LOOKS),
    }
    findings = Findings.of(run, lines)
    findings.save(out / RESULTS)
    text = table(findings)
    write_atomically(out / TABLE, text.encode())
    return text


def looks(embedder: Embedder, pairs: PreparedPairs, seed: int) -> list[Result | LeftOut]:
    """1:2 matching and rank correlation of age, on people whom the regression was not fitted to."""
    speech = (torch.from_numpy(clip.astype(np.float32) / FULL_SCALE) for clip in pairs.speech)
    embeddings = embedder(map(embedder.front_end.frames, speech))
    judge = ApparentSexAndAge().judge
    sexes, ages = map(np.array, zip(*map(judge, pairs.faces), strict=True))
    predicted = predicted_looks(embeddings, pairs.descriptors, pairs.person, seed)
    age = predicted_looks(embeddings, ages[:, None].astype(float), pairs.person, seed)[:, 0]
    return [*matching(predicted, pairs, sexes, seed), _age(age, ages, pairs.person, seed)]


def predicted_looks(embeddings: np.ndarray, truth: np.ndarray, person: np.ndarray, seed: int) -> np.ndarray:
    """What is predicted for each person [n] by a ridge regression on other people: [n, d] and [n, to] -> [n, to]."""
    people, number = np.unique(person, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(people))[number] % FOLDS
    predicted = np.zeros(truth.shape)
    for test in (fold == k for k in range(FOLDS)):
        ridge = Ridge.learn(embeddings[~test], truth[~test], RIDGE_LOOKS)
        predicted[test] = ridge(embeddings[test])
    return predicted


def matching(predicted: np.ndarray, pairs: PreparedPairs, sexes: np.ndarray, seed: int) -> Iterator[Result]:
    """How often the true face is nearer than an imposter's: any other's, and any of the same apparent sex."""
    cosines = unit_rows(predicted, centred=True) @ unit_rows(pairs.descriptors, centred=True).T
    number = np.unique(pairs.person, return_inverse=True)[1]
    other = number[:, None] != number
    for stratum, imposter in (("", other), ("gender", other & (sexes[:, None] == sexes))):
        first, second = np.nonzero(imposter)
        wins = compare(cosines[first, first], cosines[first, second])
        estimate = mean_over_pairs(wins, number[first], number[second], seed)
        fields = {"stratum": stratum, "chance": 0.5, "recordings": len(predicted)}
        yield Result.of(estimate, QUESTION, "1:2 matching by predicted looks", PAIRS, **fields)


def _age(predicted: np.ndarray, ages: np.ndarray, person: np.ndarray, seed: int) -> Result | LeftOut:
    estimate = rank_correlation(predicted, ages, person, seed)
    if estimate is None:
        return LeftOut(QUESTION, PAIRS, "all faces look equally old")
    measure = "rank correlation of age with the true face's apparent one"
    return Result.of(estimate, QUESTION, measure, PAIRS, share=False, chance=0.0)


def verification(embedder: Embedder, store: Store, kept: np.ndarray, seed: int) -> Iterator[Result | LeftOut]:
    """Equal error rate over all pairs of different recordings `kept`, from embeddings less their mean."""
    embeddings = unit_rows(embedder.of_store(store, kept), centred=True)
    people = store.voices["person"][kept]
    first, second = (people[rows] for rows in all_pairs(people))
    if not 0 < (first == second).sum() < len(first):
        yield LeftOut(QUESTION, KEPT_OUT, "there are not two people, one of them with two recordings")
        return
    scores = (embeddings @ embeddings.T)[all_pairs(people)]
    rate, _ = verification_over_pairs(scores, first, second, seed)
    measure = "equal error rate between recordings"
    yield Result.of(rate, QUESTION, measure, KEPT_OUT, chance=0.5, recordings=len(kept))


def gender(embedder: Embedder, store: Store, kept: np.ndarray, seed: int) -> Iterator[Result | LeftOut]:
    """How often a kept-out speaker's gender is classified correctly, women and men apart, after each duration.

    A speaker's recordings are joined, since each is of a few seconds.
    """
    from sklearn.linear_model import LogisticRegression  # a second to import
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    genders = np.array([person.gender for person in store.people])
    speaker = store.voices["person"]
    train = store.voices_in("train")
    train = train[np.unique(speaker[train], return_index=True)[1]]  # one of each speaker
    train = train[genders[speaker[train]] != ""]
    if set(genders[speaker[train]]) != set(GENDERS):
        yield LeftOut(QUESTION, KEPT_OUT, "no training voices of women and men to learn gender from")
        return
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, class_weight="balanced"))
    probe.fit(embedder.of_store(store, train), genders[speaker[train]])
    speakers, joined = np.unique(speaker[kept]), []
    for person in speakers:
        voices = kept[speaker[kept] == person]
        joined.append(torch.cat([frames_of(store, voice, encoder=embedder.name) for voice in voices], dim=1))
    lengths = np.array([frames.shape[1] for frames in joined])
    for seconds in (*DURATIONS, None):
        end = None if seconds is None else seconds * FRAMES_PER_SECOND
        for sex, words in zip(GENDERS, ("women", "men"), strict=True):
            chosen = np.flatnonzero((lengths >= (end or 0)) & (genders[speakers] == sex))
            if len(chosen):
                right = probe.predict(embedder(joined[i][:, :end] for i in chosen)) == sex
                estimate = mean_over_people(right, speakers[chosen], seed)
                measure = f"gender of {words} classified correctly"
                yield Result.of(estimate, QUESTION, measure, KEPT_OUT, seconds=seconds, chance=0.5)


def table(findings: Findings) -> str:
    """All results, in Markdown."""
    run = findings.run
    lines = [
        f"# The voice encoder of {plain(run['weights'])}",
        "",
        row(HEADINGS),
        "|---" * len(HEADINGS) + "|",
    ]
    for result in findings.results:
        cells = (
            f"{result.measure}, {result.on}",
            "of one apparent sex" if result.stratum else "",
            "whole" if result.seconds is None else f"{result.seconds:g} s",
            value_of(result),
            interval_of(result),
            chance_of(result),
            count(result.people),
            count(result.trials),
        )
        lines.append(row(cells))
    lines += ["", *(f"Left out: {plain(line.on)}: {plain(line.left_out)}." for line in findings.left_out)]
    if run[LOOKS]:
        lines += [TRAINED_ON_LOOKS, ""]
    hashes = f"weights {run['weights_sha256'][:12]}, store {run['store_sha256'][:12]}"
    return "\n".join([*lines, f"encoder {run['encoder']}, {hashes}."]) + "\n"
