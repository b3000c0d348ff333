"""How far true faces are from those predicted from their voices, as a distribution over places of composites.

Two face networks see more in a photograph than a composite can show, and hardly see some of what it does show. So faces
are compared in LOOKS directions only: those in which composites at random places vary most, relative to what their
places leave unexplained. The errors of predictions in these directions, minus the error that even a perfect composite
would have, are carried back to places by the smallest step with the same looks. In other directions nothing is known,
so faces drawn from this distribution do not differ there.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from v2f.demo.places import Drawn
from v2f.models.uncertainty import LOOKS

LEVELS = (0.5, 0.8, 0.9, 0.95)  # shares of true faces that regions are to cover
OTHERS = 400  # faces by which a region is known
TOLD = 0.03  # inverse of the weight of the penalty on what tells women from men
TINY = 1e-12


@dataclass(frozen=True)
class Sight:
    """Maps to the looks of faces, in LOOKS directions, in which what a place leaves unexplained has variance 1."""

    of_units: np.ndarray  # [numbers, 32]: from descriptors in units, less their mean
    of_places: np.ndarray  # [64, 32]: from places of composites

    @classmethod
    def learn(cls, drawn: Drawn) -> "Sight":
        """Find the directions that the networks see best in composites."""
        units = drawn.units(drawn.looks)
        found = (units - units.mean(axis=0)) @ drawn.solver  # places, solved for
        places = drawn.places - drawn.places.mean(axis=0)
        slopes = np.linalg.lstsq(places, found, rcond=None)[0]
        left = found - places @ slopes
        best = eigh(slopes.T @ slopes, left.T @ left / len(left))[1][:, ::-1][:, :LOOKS]
        return cls(drawn.solver @ best, slopes @ best)


@dataclass(frozen=True)
class TrueFaces:
    """The distribution of true faces, given the face that a model which was not fitted to them draws.

    It is a mixture of two normal distributions, for women and for men as a face network sees them: a voice tells mostly
    the sex and little else. Everything is in looks, [32].

    Attributes:
        tells, bias: the probability that the true face is a woman's is the logistic function of
            looks of the drawn face @ `tells` [32] + `bias`.
        share: slope from drawn looks to the mean of true ones; below 1, because drawn faces are exaggerated.
        middles: [2, 32], the means for women and for men when the drawn looks are zero.
        covariance: [32, 32], of true looks around their mean.
    """

    tells: np.ndarray
    bias: float
    share: float
    middles: np.ndarray
    covariance: np.ndarray

    @classmethod
    def learn(cls, drawn: np.ndarray, true: np.ndarray, female: np.ndarray) -> "TrueFaces":
        """Fit to looks of drawn faces, and of the true ones minus their mean, [pairs, 32]; `female`, bool [pairs]."""
        from sklearn.linear_model import LogisticRegression  # a second to import

        scale = drawn.std()
        told = LogisticRegression(C=TOLD, max_iter=2000).fit(drawn / scale, female)
        sexes = (female, ~female)
        left, heard = true.copy(), drawn.copy()
        for sex in sexes:
            left[sex] -= true[sex].mean(axis=0)
            heard[sex] -= drawn[sex].mean(axis=0)
        share = max(0.0, float((heard * left).sum() / np.square(heard).sum()))
        left -= share * heard
        middles = [true[sex].mean(axis=0) - share * drawn[sex].mean(axis=0) for sex in sexes]
        # As many degrees of freedom are used up that people who were not among these are covered as often as claimed.
        covariance = left.T @ left / (len(left) - LOOKS - 2)
        return cls(told.coef_[0] / scale, float(told.intercept_[0]), share, np.stack(middles), covariance)

    def female(self, drawn: np.ndarray) -> np.ndarray:
        """The probability that the true face is a woman's, given looks of drawn faces [..., 32]."""
        probability: np.ndarray = 1 / (1 + np.exp(-(drawn @ self.tells + self.bias)))
        return probability

    def draw(self, drawn: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """Sample looks of the true face, [count, 32], given those of the drawn one [32]."""
        sex = (rng.random(count) >= self.female(drawn)).astype(int)
        left = rng.multivariate_normal(np.zeros(LOOKS), self.covariance, count, method="cholesky")
        return self.middles[sex] + self.share * drawn + left

    def density(self, drawn: np.ndarray, true: np.ndarray) -> np.ndarray:
        """Log density of looks of true faces [..., 32], given those of the drawn one [32], up to a constant; [...]."""
        female = self.female(drawn)
        densities = []
        for probability, middle in zip((female, 1 - female), self.middles, strict=True):
            left = true - middle - self.share * drawn
            distance = (left * np.linalg.solve(self.covariance, left.T).T).sum(axis=-1)
            densities.append(np.log(probability + TINY) - distance / 2)
        log_density: np.ndarray = np.logaddexp(*densities)
        return log_density

    def places(self, sight: Sight) -> dict[str, np.ndarray]:
        """The buffers of v2f/models/uncertainty.py from which other faces are drawn."""
        back = np.linalg.pinv(sight.of_places)  # [32, 64]
        values, vectors = np.linalg.eigh(self.covariance - np.eye(LOOKS))  # a composite is off by 1 itself
        return {
            "tells": sight.of_places @ self.tells,
            "bias": np.array(self.bias),
            "middles": self.middles @ back,
            "expected": self.share * sight.of_places @ back,
            "spread": (vectors * np.sqrt(values.clip(min=0))).T @ back,
        }


def coverage(
    drawn: np.ndarray, true: np.ndarray, female: np.ndarray, fold: np.ndarray, seed: int = 0
) -> dict[float, float]:
    """The fraction of true faces within the region that claims to cover a given fraction, for each of LEVELS.

    A region is where the density of other faces is highest.

    Args:
        drawn, true, female: as for `TrueFaces.learn`.
        fold: of each pair, int [pairs]; regions are learned from the other folds.
        seed: of the faces that are drawn.
    """
    rng, denser = np.random.default_rng(seed), np.empty(len(true))
    for one in np.unique(fold):
        others = fold != one
        known = TrueFaces.learn(drawn[others], true[others], female[others])
        for pair in np.flatnonzero(~others):
            faces = known.draw(drawn[pair], OTHERS, rng)
            density = known.density(drawn[pair], np.concatenate([true[pair, None], faces]))
            denser[pair] = (
                density[1:] > density[0]
            ).mean()  # the share of them in the region up to the true face
    return {level: float((denser <= level).mean()) for level in LEVELS}
