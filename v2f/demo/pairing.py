"""A soft pairing of voices with groups of look-alikes.

A true pair is a voice and the face of the same person. From true pairs a ridge regression learns dlib's face descriptor
given a speaker embedding, and another one learns age. A classifier learns sex from speakers who reported theirs. Then,
for a voice and a group of look-alikes,

    q(group | voice) = p(sex of the group | voice) x softmax over the groups of that sex of
                       cosine(predicted looks, looks of the group) / TEMPERATURE - (age apart / AGE_SPREAD)^2 / 2

so every group gets some probability, and those that fit the voice get the most. What the voices of one corpus, or the
pictures of one kind, have in common should play no part: the mean of each corpus is subtracted, with women and men
counting alike.
"""

from dataclasses import dataclass

import numpy as np

from v2f.errors import CorpusError
from v2f.models.dvector import DVECTOR_SIZE

RIDGE_LOOKS, RIDGE_AGE = 10.0, 1.0  # of the mean eigenvalue
TEMPERATURE = 0.07  # of the cosine
AGE_SPREAD = 8.0  # years, a standard deviation
# Predicted ages shrink towards their mean: by this they are spread again as far as real ones.
AGE_STRETCH = 1.6
REPORTED_SEX = 0.95  # least probability of the sex that a speaker reported
PREDICTED_SEX = 0.9  # least probability of either sex at which a voice of unknown sex gets a face
MOST_COUNTED = 10.0  # seconds of a recording, by which it counts in the mean of a voice
ADULT = 18  # years: the voice of a child gets no face


@dataclass(frozen=True)
class Speakers:
    """Speakers."""

    dvectors: np.ndarray  # [n, 448], as of `speaker_means`
    corpus: np.ndarray  # str [n]
    gender: np.ndarray  # str [n], "female", "male", or "" where unknown
    age: np.ndarray  # [n], years; NaN where unknown
    trained_on: np.ndarray  # bool [n]; the others, which are held out, get no pairing


@dataclass(frozen=True)
class TruePairs:
    """Voices and the faces they belong to."""

    dvectors: np.ndarray  # [n, 448]
    descriptors: np.ndarray  # [n, 128]
    gender: np.ndarray  # str [n], "female" or "male", apparent
    age: np.ndarray  # [n], years, apparent


@dataclass(frozen=True)
class Looks:
    """Groups of look-alikes."""

    centres: np.ndarray  # [groups, 128], the mean descriptor of each
    gender: np.ndarray  # str [groups], "female" or "male"
    age: np.ndarray  # [groups], years, the mean of each


@dataclass(frozen=True)
class Ridge:
    """A linear map [n, from] -> [n, to], of centred inputs to centred outputs."""

    mean: np.ndarray
    weights: np.ndarray

    @classmethod
    def learn(cls, x: np.ndarray, y: np.ndarray, ridge: float) -> "Ridge":
        """`ridge` is in units of the mean eigenvalue of x's covariance."""
        mean = x.mean(axis=0)
        gram = (x - mean).T @ (x - mean)
        gram += np.eye(len(gram)) * ridge * np.trace(gram) / len(gram)
        return cls(mean, np.linalg.solve(gram, (x - mean).T @ (y - y.mean(axis=0))))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return (x - self.mean) @ self.weights


def speaker_means(dvectors: np.ndarray, speaker: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """The mean vector of each speaker 0, 1, 2, ..., [people, 448], of recordings [n, 448]; both halves of unit length.

    Recordings are weighted by their length in seconds, up to MOST_COUNTED.
    """
    total = np.zeros((speaker.max() + 1, dvectors.shape[1]))
    np.add.at(total, speaker, dvectors * np.minimum(seconds, MOST_COUNTED)[:, None])
    return np.hstack([unit_length(half) for half in np.split(total, [DVECTOR_SIZE], axis=1)])


def pair(speakers: Speakers, pairs: TruePairs, looks: Looks) -> np.ndarray:
    """How well each speaker goes with each group, float64 [speakers, groups].

    A row sums to 1. It is zero for speakers who are held out, for children, and where sex is neither reported nor clear
    from the voice. Raises CorpusError if a corpus, or the pairs, lack women or men.
    """
    from sklearn.linear_model import LogisticRegression  # a second to import

    adult = speakers.trained_on & ~(speakers.age < ADULT)  # or of unknown age
    reported = adult & (speakers.gender != "")
    women, men = reported & (speakers.gender == "female"), reported & (speakers.gender == "male")
    x = _centred(speakers.dvectors, speakers.corpus, women.astype(float), men.astype(float))
    of_pairs = np.full(len(pairs.gender), "pairs")
    female_pairs = (pairs.gender == "female").astype(float)
    x_pairs = _centred(pairs.dvectors, of_pairs, female_pairs, 1 - female_pairs)

    probe = LogisticRegression(C=3.0, max_iter=2000, class_weight="balanced")
    female = probe.fit(x[reported], women[reported]).predict_proba(x)[:, 1]
    used = reported | (adult & (np.abs(female - 0.5) > PREDICTED_SEX - 0.5))

    dated = adult & ~np.isnan(speakers.age)
    known = np.concatenate([pairs.age, speakers.age[dated]])
    age = Ridge.learn(np.concatenate([x_pairs, x[dated]]), known[:, None], RIDGE_AGE)(x)[:, 0]
    age = pairs.age.mean() + AGE_STRETCH * (age - age[reported].mean())  # spread around that of the pairs

    share = np.where(women, 1.0, np.where(men, 0.0, female))
    centred = _centred(speakers.dvectors, speakers.corpus, share, 1 - share)
    predicted = Ridge.learn(x_pairs, pairs.descriptors, RIDGE_LOOKS)(centred)

    female = np.where(speakers.gender == "female", np.maximum(female, REPORTED_SEX), female)
    female = np.where(speakers.gender == "male", np.minimum(female, 1 - REPORTED_SEX), female)
    q = np.zeros((len(predicted), len(looks.centres)))
    q[used] = soft_pairing(predicted[used], female[used], age[used], looks)
    return q


def soft_pairing(predicted: np.ndarray, female: np.ndarray, age: np.ndarray, looks: Looks) -> np.ndarray:
    """q [voices, groups], given predicted descriptors [voices, 128], p(woman) [voices] and ages in years [voices]."""
    q = np.zeros((len(predicted), len(looks.centres)))
    for sex, probability in (("female", female), ("male", 1 - female)):
        groups = np.flatnonzero(looks.gender == sex)
        centres = looks.centres[groups] - looks.centres[groups].mean(axis=0)
        voices = predicted - np.average(predicted, axis=0, weights=probability)
        logits = unit_length(voices) @ unit_length(centres).T / TEMPERATURE  # [voices, groups of the sex]
        logits -= ((looks.age[groups] - age[:, None]) / AGE_SPREAD) ** 2 / 2
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        q[:, groups] = probability[:, None] * weights / weights.sum(axis=1, keepdims=True)
    return q


def _centred(vectors: np.ndarray, corpus: np.ndarray, women: np.ndarray, men: np.ndarray) -> np.ndarray:
    """Vectors [n, ...] minus the average of women's and men's means in their corpus; `women`, `men` [n]: weights."""
    centred = vectors.astype(np.float64)
    for name in np.unique(corpus):
        own = corpus == name
        if not women[own].any() or not men[own].any():
            raise CorpusError(f"Of {name} there are too few recordings to pair: women or men are missing.")
        middle = sum(np.average(vectors[own], axis=0, weights=weights[own]) for weights in (women, men)) / 2
        centred[own] -= middle
    return centred


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Vectors [..., n] scaled to length one."""
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9)
