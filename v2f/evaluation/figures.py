"""The paper's Figures 2 to 5, and one on memorisation, of people whom nobody chose.

Speakers, recordings and true faces are the first of an order shuffled by the seed.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PIL import Image
from torch import Tensor

from v2f.audio import SAMPLE_RATE, make_noise
from v2f.audio.features import FRAMES_PER_SECOND
from v2f.data.contact_sheet import gallery, grid, stack
from v2f.evaluation.generated_faces import GeneratedFaces
from v2f.evaluation.questions.age import age_of_people
from v2f.evaluation.questions.gender import gender_of_people
from v2f.evaluation.questions.noise import KINDS
from v2f.evaluation.questions.quality import CLOSE, Neighbours
from v2f.evaluation.subjects import Subjects
from v2f.pipeline import DURATIONS, VoiceToFace
from v2f.report.results import Figure, LeftOut, Question

QUESTION = Question.FIGURES
SPEAKERS = 4  # of Figures 3 and 5, as in the paper
OF_GROUP = 6  # speakers of each group of Figure 4
OLD = 60  # years that true faces must look to be among Figure 4's old
SEGMENTS = 7  # of each speaker in Figure 5, as in the paper
REFERENCES = 3  # true faces of a speaker, at most
UNCHOSEN, ACROSS = 48, 12  # speakers of one picture, and how many stand side by side
NEAREST = 10  # generated faces shown beside a training face
SECONDS = [f"{duration} s" for duration in DURATIONS]
TRUE_FACE = "true face"
GENDERS = ("female", "male")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven")  # in words

Faces = list[np.ndarray | None]  # uint8 [size, size, 3] each, or a grey square


class Shuffled:
    """Speakers, recordings and true faces in the seed's order. Speakers are those with true faces, if any have."""

    def __init__(self, generated: GeneratedFaces, seed: int) -> None:
        subjects, rng = generated.subjects, np.random.default_rng(seed)
        speakers = np.unique(subjects.voice_person)
        both = np.intersect1d(speakers, subjects.face_person)
        self.subjects = subjects
        self.seen = len(both) > 0
        self.people: list[int] = rng.permutation(both if self.seen else speakers).tolist()
        self.gender = gender_of_people(generated)
        self.apparent = not (subjects.gender != "").any() and (self.gender != "").any()
        self.words = f"in an order shuffled by seed {seed}"
        self._recordings = rng.permutation(len(subjects.voice_person))
        self._faces = rng.permutation(len(subjects.face_person))

    def recordings(self, person: int) -> list[int]:
        """All recordings of a person."""
        return self._recordings[self.subjects.voice_person[self._recordings] == person].tolist()

    def true_faces(self, person: int) -> Faces:
        """Up to REFERENCES true faces of a person."""
        rows = self._faces[self.subjects.face_person[self._faces] == person]
        return list(self.subjects.faces[rows[:REFERENCES]])

    def speakers(self, may: Callable[[int], bool] = lambda person: True) -> list[int]:
        """The first SPEAKERS who may be shown, half of them women as far as there are and genders are known."""
        able = [person for person in self.people if may(person)]
        chosen = [
            person
            for gender in GENDERS
            for person in [person for person in able if self.gender[person] == gender][: SPEAKERS // 2]
        ]
        others = [person for person in able if person not in chosen]
        return (chosen + others)[:SPEAKERS]

    def name(self, person: int) -> str:
        """A person's name, and their gender where it is known, in lines."""
        return f"{self.subjects.people[person].name}\n{self.gender[person]}".strip()

    def chosen(self, people: Sequence[int], able: str = "") -> str:
        """Who was chosen, of those who are `able` to be, as a sentence."""
        counts = [(sum(self.gender[person] == gender for person in people), gender) for gender in GENDERS]
        words = f"{NUMBERS[len(people)]}"
        if sum(count for count, _ in counts) == len(people):
            words = _and([f"{NUMBERS[count]} {gender}" for count, gender in counts if count])
            words += " (by the look of their true faces)" if self.apparent else ""
        words = "speaker" if len(people) == 1 else f"{words} speakers"
        return f"The first {words}{able} {self.words}."

    def beside(self, columns: Sequence[str], people: Sequence[int]) -> list[str]:
        """Columns, and as many for true faces as are needed."""
        return [*columns, *[TRUE_FACE] * max(len(self.true_faces(person)) for person in people)]


def figures(engine: VoiceToFace, generated: GeneratedFaces, seed: int) -> tuple[list[Figure], list[LeftOut]]:
    """Figures 2 to 5, and what had to be left out of them. Raises ValueError for subjects who may not be shown."""
    if not generated.subjects.shown:
        raise ValueError(f"the faces of {generated.subjects.name} may not be shown")
    order = Shuffled(generated, seed)
    made: list[Figure | LeftOut] = []
    if not order.seen:
        why = "true faces beside the generated ones, as there are none"
        made.append(LeftOut(QUESTION, generated.subjects.name, why))
    made += [figure_2(engine, order, seed), figure_3(engine, generated, order)]
    made += [*figure_4(generated, order), *figure_5(engine, generated, order)]
    pictures = [figure for figure in made if isinstance(figure, Figure)]
    return pictures, [line for line in made if isinstance(line, LeftOut)]


def figure_2(engine: VoiceToFace, order: Shuffled, seed: int) -> Figure:
    """Faces from four noises after each duration, and from a voice."""
    samples = max(DURATIONS) * SAMPLE_RATE
    noises = [
        engine.noise_strip(None, make_noise(kind, samples, seed + i), None, DURATIONS)[:-1]
        for i, kind in enumerate(KINDS)
    ]
    rows = [[face.image if face else None for face in strip] for strip in noises]
    speaker = order.people[0]
    voice = by_duration(engine, order.subjects, order.recordings(speaker)[:1])
    picture = stack([grid(rows, KINDS, SECONDS), grid(voice, [f"a voice:\n{order.name(speaker)}"], SECONDS)])
    return Figure(
        "figure-2.png",
        "Figure 2: faces from noise",
        "A row for each of four noises, which go past the voice detector, and a column for each duration. Beneath, for "
        f"comparison, as much speech of a {order.subjects.name} speaker, the first {order.words}. In the paper "
        "faces from noise are blurred and alike, and do not improve with duration.",
        picture,
    )


def figure_3(engine: VoiceToFace, generated: GeneratedFaces, order: Shuffled) -> Figure:
    """Faces of four speakers after each duration of speech, and of the whole recording."""
    people = order.speakers()
    recordings = [order.recordings(person)[0] for person in people]
    strips = by_duration(engine, generated.subjects, recordings)
    rows = [
        [*strip, generated.images[recording], *order.true_faces(person)]
        for strip, recording, person in zip(strips, recordings, people, strict=True)
    ]
    columns = [*SECONDS, "whole"]
    caption = (
        "A row for each speaker: faces from the first seconds of speech of one recording, and from all of it"
    )
    caption += f", then up to {NUMBERS[REFERENCES]} true faces. " if order.seen else ". "
    if any(face is None for strip in strips for face in strip):
        caption += "Grey: the recording is shorter. "
    return Figure(
        "figure-3.png",
        "Figure 3: faces from voices, by duration",
        f"{caption}{order.chosen(people)} In the paper faces are realistic, and settle as the speech grows longer.",
        grid(rows, [order.name(person) for person in people], order.beside(columns, people), len(columns)),
    )


def figure_4(generated: GeneratedFaces, order: Shuffled) -> Iterator[Figure | LeftOut]:
    """Faces from old, male and female voices."""
    ages = age_of_people(generated)
    groups = {
        "old": [person for person in order.people if ages[person] >= OLD],
        "male": [person for person in order.people if order.gender[person] == "male"],
        "female": [person for person in order.people if order.gender[person] == "female"],
    }
    parts: dict[str, Image.Image] = {}
    shown: set[int] = set()
    for group, able in groups.items():
        people = [person for person in able if person not in shown][:OF_GROUP]
        if not people:
            why = f"nobody is known to be {group}"
            if group == "old":
                why = f"no true face looks {OLD} or older" if order.seen else "no true faces to see ages in"
            yield LeftOut(QUESTION, generated.subjects.name, f"the group {group!r} of Figure 4: {why}")
            continue
        shown.update(people)
        rows: list[Faces] = [[generated.images[order.recordings(person)[0]] for person in people]]
        if order.seen:
            rows.append([order.true_faces(person)[0] for person in people])
        names = [f"{group} voice", TRUE_FACE][: len(rows)]
        parts[group] = grid(rows, names, [order.subjects.people[person].name for person in people])
    if not parts:
        return
    judged = f" Old are those whose true faces look {OLD} or older to a judge." if "old" in parts else ""
    if order.apparent and parts.keys() & set(GENDERS):
        judged += (
            " Genders, too, are as the judge sees them."
            if judged
            else " Genders are as a judge sees true faces."
        )
    yield Figure(
        "figure-4.png",
        f"Figure 4: {_and(list(parts))} voices",
        f"A face from one whole recording of each speaker{', above a true face' if order.seen else ''}. "
        f"Of each group the first {NUMBERS[OF_GROUP]} {order.words}, nobody twice.{judged} "
        "In the paper faces generally match their speaker in age and gender.",
        stack(list(parts.values())),
    )


def figure_5(engine: VoiceToFace, generated: GeneratedFaces, order: Shuffled) -> Iterator[Figure | LeftOut]:
    """Faces from seven recordings of each speaker or, where nobody has so many, from seven pieces of one."""
    name = generated.subjects.name
    people = order.speakers(lambda person: len(order.recordings(person)) >= SEGMENTS)
    rows: list[Faces]
    if people:
        rows = [list(generated.images[order.recordings(person)[:SEGMENTS]]) for person in people]
        what, able = f"{NUMBERS[SEGMENTS]} whole recordings", f" with {SEGMENTS} recordings"
    else:
        pieces = {person: _pieces(generated.subjects, order.recordings(person)[0]) for person in order.people}
        people = order.speakers(lambda person: len(pieces[person]) > 0)
        if not people:
            why = f"nobody has {SEGMENTS} recordings, or {SEGMENTS} s of speech in one"
            yield LeftOut(QUESTION, name, f"Figure 5: {why}")
            return
        rows = [list(engine.faces(engine.embed(pieces[person]))[0]) for person in people]
        what = (
            f"{NUMBERS[SEGMENTS]} equal pieces of one recording, as nobody has {NUMBERS[SEGMENTS]} recordings"
        )
        able = f" with {SEGMENTS} s of speech"
        yield LeftOut(QUESTION, name, f"Figure 5 from {SEGMENTS} recordings of a speaker: it shows {what}")
    columns = [str(number) for number in range(1, SEGMENTS + 1)]
    yield Figure(
        "figure-5.png",
        "Figure 5: one speaker, seven times",
        f"A row for each speaker: faces from {what}"
        f"{f', then up to {NUMBERS[REFERENCES]} true faces' if order.seen else ''}. {order.chosen(people, able)} "
        "In the paper each row looks like variations of one person.",
        grid(
            [[*row, *order.true_faces(person)] for row, person in zip(rows, people, strict=True)],
            [order.name(person) for person in people],
            order.beside(columns, people),
            apart=SEGMENTS,
        ),
    )


def nearest_training_faces(images: np.ndarray, training_faces: np.ndarray, neighbours: Neighbours) -> Figure:
    """The generated faces that are nearest to a training face, the worst case for memorisation, beside that face.

    images, training_faces: uint8 [n, size, size, 3], [m, size, size, 3]. neighbours: of all n among the m.
    """
    nearest = np.argsort(neighbours.distance, kind="stable")[:NEAREST]
    parts = []
    for some in np.split(nearest, range(NEAREST // 2, len(nearest), NEAREST // 2)):
        rows: list[Faces] = [list(images[some]), list(training_faces[neighbours.row[some]])]
        distances = [f"{distance:.2f}" for distance in neighbours.distance[some]]
        parts.append(grid(rows, ["generated", "nearest training face"], distances))
    return Figure(
        "nearest-training-faces.png",
        "The nearest training faces",
        f"The {len(nearest)} of {len(images):,} generated faces that are nearest to one of {len(training_faces):,} "
        "training faces, each above that face, nearest first: the worst case for a model that memorises. The numbers "
        f"are distances in dlib's descriptor; below {CLOSE:g} two faces are usually of one person. "
        "Not in the paper.",
        stack(parts),
    )


def unchosen(generated: GeneratedFaces, seed: int) -> Figure:
    """Faces of up to UNCHOSEN speakers who were not trained on, each from one whole recording, without true faces."""
    order = Shuffled(generated, seed)
    people = order.people[:UNCHOSEN]
    speakers = [order.subjects.people[person] for person in people]
    return Figure(
        "figure-common-voice.png",
        f"{len(people)} voices that were kept out of training",
        f"A face from one whole recording of each of {len(people)} speakers of Common Voice who were not trained on, "
        f"the first {order.words}, nobody chosen. Beneath: the gender and age that they stated. "
        "Not in the paper.",
        gallery(
            [generated.images[order.recordings(person)[0]] for person in people],
            [", ".join(filter(None, (person.gender, person.age))) for person in speakers],
            ACROSS,
        ),
    )


def by_duration(engine: VoiceToFace, subjects: Subjects, recordings: Sequence[int]) -> list[Faces]:
    """For each recording its faces after DURATIONS of speech; None where it holds less."""
    parts = {
        (recording, s): subjects.first_features(recording, s) for recording in recordings for s in DURATIONS
    }
    features = {which: one for which, one in parts.items() if one is not None}
    images, _ = engine.faces(engine.embed(list(features.values())))
    faces = dict(zip(features, images, strict=True))
    return [[faces.get((recording, s)) for s in DURATIONS] for recording in recordings]


def _pieces(subjects: Subjects, recording: int) -> list[Tensor]:
    """SEGMENTS equal pieces of a recording, features [bins, frames]; none if they hold less than a second."""
    whole = subjects.frames(recording)
    frames = whole.shape[1] // SEGMENTS
    if frames < FRAMES_PER_SECOND:
        return []
    return [subjects.normalise(whole[:, i * frames : (i + 1) * frames]) for i in range(SEGMENTS)]


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
