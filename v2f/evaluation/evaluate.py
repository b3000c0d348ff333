"""All questions of the report, asked of one model: ``v2f evaluate``.

Nobody measured on was trained on: the weights tell by name who was, and that is checked before anything is measured.
Besides the test people these are the people of every other split of the store that is kept out of training, each with
their longest recording.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from v2f.data.splits import split_people
from v2f.data.store import Store, store_hash
from v2f.errors import WeightsError
from v2f.evaluation.faceres import NAME, SOURCE, FaceRes
from v2f.evaluation.figures import Figure, figures, nearest_training_faces, unchosen
from v2f.evaluation.generated_faces import GeneratedFaces, draw_faces
from v2f.evaluation.judges import found_by, judge_versions
from v2f.evaluation.questions.age import age
from v2f.evaluation.questions.consistency import steadiness
from v2f.evaluation.questions.durations import durations
from v2f.evaluation.questions.gender import gender
from v2f.evaluation.questions.identification import known_speakers
from v2f.evaluation.questions.matchers import matchers
from v2f.evaluation.questions.matching import UNSTRATIFIED, galleries, matching, trials_of, verification
from v2f.evaluation.questions.noise import noise, sound_files, sounds
from v2f.evaluation.questions.quality import Neighbours, detected, quality
from v2f.evaluation.subjects import Subjects, names_of, of_pairs, of_store, of_training
from v2f.evaluation.trials import TEST_TRIALS, TRAIN_TRIALS, Trials, check_unseen
from v2f.models import Runtime, file_hash, load, load_networks, people_trained_on
from v2f.models.classifiers import GenderClassifier, Matcher
from v2f.models.released import REPOSITORY
from v2f.models.weights import find
from v2f.pipeline import VoiceToFace
from v2f.report.results import Findings, LeftOut, Result

IMPOSTERS = 50  # for each true pair, as Speech2Face's pictures were measured
TRAINED = ("train", "validation", "")  # splits that are not measured on
COMMON_VOICE = "common voice"  # the split of whose speakers many are shown
NO_FACES = "there are no true faces of those who are heard"


@dataclass(frozen=True)
class Options:
    """What to evaluate, and with what."""

    store: Path
    weights: str | None = None  # None: the bundled ones
    pairs: Path | None = None  # a folder of true pairs
    pairs_split: Path | None = None  # which of them to measure on
    gender: Path | None = None  # by `v2f train gender`
    second_judge: Path | None = None  # a folder with FaceRes' two files
    matchers: Sequence[Path] = ()  # by `v2f train matcher`
    sounds: Path | None = None  # a folder of sounds that are no voice
    trials: Path | None = None  # a folder of lists of trials, read where they are, else written
    count: int = TEST_TRIALS
    seed: int = 0
    workers: int = 1
    exact: bool = False  # float32 throughout


class Evaluation:
    """One model, its judges, and what was found so far."""

    def __init__(self, options: Options) -> None:
        self.options, self.seed, self.workers = options, options.seed, options.workers
        self.began = time.monotonic()
        self.judges = judge_versions()  # says at once if one is missing
        self.second = FaceRes(options.second_judge) if options.second_judge else None
        if self.second:
            self.judges[NAME] = SOURCE
        self.weights, self.store = find(options.weights), Store.open(options.store)
        runtime = Runtime.choose(exact=options.exact)
        self.engine = VoiceToFace(load(self.weights), runtime)
        self.encoder = self.engine.model.config.encoder
        self.sounds = sound_files(options.sounds) if options.sounds else []
        self.classifier = GenderClassifier.open(options.gender, runtime) if options.gender else None
        self.matchers = [Matcher.open(path, runtime) for path in options.matchers]
        self.results: list[Result] = []
        self.left_out: list[LeftOut] = []
        self.figures: list[Figure] = []

    def run(self) -> tuple[Findings, list[Figure]]:
        """Everything, in the report's order."""
        test = of_store(self.store, "test", self.encoder)
        splits = {person.split for person in self.store.people} - {test.name, *TRAINED}
        measured = [test]
        measured += [of_store(self.store, split, self.encoder, longest=True) for split in sorted(splits)]
        if self.options.pairs and self.options.pairs_split:
            self.tell("reading the true pairs")
            pairs = of_pairs(
                self.options.pairs, self.options.pairs_split, IMPOSTERS, self.workers, self.encoder
            )
            measured.append(pairs)
            for reason, count in pairs.left_out.items():
                self.add([LeftOut("all questions", pairs.name, f"{count} of them: {reason}")])
        else:
            self.add([LeftOut("matching", "true pairs", "no folder of true pairs was given")])
        for subjects in measured:
            self.check_unseen(subjects)
        if not self.second:
            self.add(
                [
                    LeftOut(
                        "all questions",
                        "everybody",
                        "no second judge was given; --second-judge names its folder",
                    )
                ]
            )
        trained = self.training()
        real = found_by(trained.subjects.faces, self.workers, trained.true) if trained.true else {}
        for subjects in measured:
            if not len(subjects.voice_person):
                self.add([LeftOut("all questions", subjects.name, "nobody is heard")])
                continue
            self.tell(f"{subjects.name}: generating and judging faces")
            drawn = self.draw(subjects)
            self.of_people(drawn)
            self.against_training(drawn, trained, real)
            if subjects is test:
                self.of_store(drawn)
            if subjects.name == COMMON_VOICE:
                self.figures.append(unchosen(drawn, self.seed))
        return Findings(self.facts(), self.results, self.left_out), self.figures

    def training(self) -> GeneratedFaces:
        """What the model makes of those it was trained on, and what judges say of their true faces.

        There are no generated ones where the model was trained on others.
        """
        self.tell("training identities: generating and judging faces")
        subjects = of_training(self.store, self.seed, self.encoder)
        if self.engine.model.provenance.get("store") != store_hash(self.store.folder):
            why = "the weights were trained on another store"
            self.add([LeftOut(question, "training", why) for question in ("known speakers", "matching")])
            return self.draw(replace(subjects, voice_person=subjects.voice_person[:0]))
        self.add(known_speakers(self.engine, subjects, self.seed))
        drawn = self.draw(subjects)
        lists = self.trials(drawn, TRAIN_TRIALS)
        of_paper = {stratum: lists[stratum] for stratum in (UNSTRATIFIED, "gender") if stratum in lists}
        self.add(matching(drawn, of_paper, self.seed))
        return drawn

    def of_people(self, drawn: GeneratedFaces) -> None:
        """The questions about people who were not trained on."""
        self.add(gender(drawn, self.classifier, self.seed))
        self.add(age(drawn, self.seed))
        lists: dict[str, Trials] = {}
        if drawn.true is None:
            questions = ("matching", "identification", "retrieval", "verification")
            self.add([LeftOut(question, drawn.subjects.name, NO_FACES) for question in questions])
        else:
            self.tell(f"{drawn.subjects.name}: matching")
            lists = self.trials(drawn, self.options.count)
            self.add(matching(drawn, lists, self.seed))
            self.add(matchers(drawn, lists, self.matchers, self.seed))
            self.add(galleries(drawn, self.seed))
            if UNSTRATIFIED in lists:
                self.add(verification(drawn, lists[UNSTRATIFIED], self.seed))
        self.tell(f"{drawn.subjects.name}: durations")
        self.add(durations(self.engine, drawn, lists, self.classifier, self.seed, self.workers, self.second))

    def of_store(self, drawn: GeneratedFaces) -> None:
        """The questions that one corpus is enough for, and the figures."""
        self.tell("voices and noise")
        self.add(noise(self.engine, drawn.subjects, self.seed, self.workers))
        self.add(sounds(self.engine, self.sounds, drawn.subjects.name, self.seed, self.workers))
        self.add(steadiness(self.engine, drawn, self.seed, self.workers))
        self.tell("figures")
        pictures, left_out = figures(self.engine, drawn, self.seed)
        self.figures = [*pictures, *self.figures]
        self.add(left_out)

    def draw(self, subjects: Subjects) -> GeneratedFaces:
        """Generated faces of the subjects, judged by all judges."""
        return draw_faces(self.engine, subjects, self.workers, self.second)

    def against_training(
        self, drawn: GeneratedFaces, trained: GeneratedFaces, real: dict[str, np.ndarray]
    ) -> None:
        """Quality by every judge, and the figure of those generated faces that are nearest to a training face.

        real: whether detectors, by name, see a face in each of the true faces of those trained on, bool [n] each.
        """
        people, on = drawn.subjects.voice_person, drawn.subjects.name
        for by, found in found_by(drawn.images, self.workers, drawn.made).items():
            self.add(detected(found, people, real.get(by, np.empty(0)), on, by, self.seed))
        faces, identity = trained.subjects.faces, trained.subjects.face_person
        if trained.true is None or len(faces) < 2:
            self.add([LeftOut("quality", on, "the store has no training faces to compare with")])
            return
        described = {"dlib": (drawn.made.descriptor, trained.true.descriptor)}
        if drawn.made_second is not None and trained.true_second is not None:
            described[NAME] = (drawn.made_second.descriptor, trained.true_second.descriptor)
        nearest: dict[str, Neighbours] = {}
        for by, (made, true) in described.items():
            results, nearest[by] = quality(made, people, true, identity, on, self.seed, by)
            self.add(results)
        if drawn.subjects.shown and on == "test":
            self.figures.append(nearest_training_faces(drawn.images, faces, nearest["dlib"]))

    def trials(self, drawn: GeneratedFaces, count: int) -> dict[str, Trials]:
        """Lists of trials by stratum; what there is not is noted."""
        lists, left_out = trials_of(drawn, count, self.seed, self.options.trials)
        self.add(left_out)
        return lists

    def check_unseen(self, subjects: Subjects) -> None:
        """Raise CorpusError if anybody measured on was trained on, WeightsError where weights do not tell."""
        people = names_of(subjects)
        for path in (self.weights, self.options.gender, *self.options.matchers):
            if path is not None:
                check_unseen(people, trained_on(path, people))

    def facts(self) -> dict[str, Any]:
        """What the report is about."""
        given = {"gender classifier": self.options.gender} | {
            f"matcher {matcher.kind}": path
            for matcher, path in zip(self.matchers, self.options.matchers, strict=True)
        }
        return {
            "weights": self.weights.name,
            "weights_sha256": file_hash(self.weights),
            "store": self.store.folder.name,
            "store_sha256": store_hash(self.store.folder),
            "seed": self.seed,
            "precision": self.engine.runtime.precision,
            "trials": self.options.count,
            "judges": self.judges,
            "others_sha256": {name: file_hash(path) for name, path in given.items() if path},
            "provenance": {
                key: value for key, value in self.engine.model.provenance.items() if "\n" not in value
            },
            "date": date.today().isoformat(),
            "minutes": round((time.monotonic() - self.began) / 60, 1),
        }

    def add(self, found: Sequence[Result | LeftOut]) -> None:
        """Keep what a question found."""
        self.results += [result for result in found if isinstance(result, Result)]
        self.left_out += [line for line in found if isinstance(line, LeftOut)]

    def tell(self, stage: str) -> None:
        """Say on stderr what is being done."""
        print(f"{time.monotonic() - self.began:5.0f} s  {stage}", file=sys.stderr, flush=True)


def trained_on(path: Path, people: Sequence[str]) -> list[str]:
    """Those whom weights were trained on; of the authors' weights those of `people` whom the paper trained on.

    Raises WeightsError where the weights do not tell.
    """
    _, _, provenance = load_networks(path)
    told = people_trained_on(provenance)
    if told is None and provenance.get("source") == REPOSITORY:
        splits = split_people(people, "paper")
        return [name for name, split in zip(people, splits, strict=True) if split == "train"]
    if told is None:
        raise WeightsError(
            f"{path} does not tell whom it was trained on, so it cannot be measured; train it anew."
        )
    return told
