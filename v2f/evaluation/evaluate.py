"""All questions of the report, for one model: ``v2f evaluate``.

Nobody measured on was trained on: weights hold the names of those who were, which is checked before anything is
measured. Measured on are the test people and the people of every other split of the store that is kept out of
training, each with their longest recording; with ``--split validation`` the validation people alone.
"""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from v2f.data import faceres
from v2f.data.recordings import shares_by_digest, trained_shares
from v2f.data.splits import trained_on
from v2f.data.store import Store, store_hash
from v2f.errors import WeightsError
from v2f.evaluation import mobilefacenet
from v2f.evaluation.figures import figures, nearest_training_faces, unchosen
from v2f.evaluation.generated_faces import GeneratedFaces, generate_faces
from v2f.evaluation.judges import (
    DESCRIPTORS,
    JUDGE,
    Judges,
    detections,
    judge_faces,
    judge_versions,
)
from v2f.evaluation.options import Options
from v2f.evaluation.questions.age import age
from v2f.evaluation.questions.consistency import consistency
from v2f.evaluation.questions.durations import durations
from v2f.evaluation.questions.gender import gender
from v2f.evaluation.questions.identification import closed_set_identification, names_faces
from v2f.evaluation.questions.matchers import matchers
from v2f.evaluation.questions.matching import galleries, matching, trials_of, verification
from v2f.evaluation.questions.noise import noise, sound_files, sounds
from v2f.evaluation.questions.quality import detection_rates, quality
from v2f.evaluation.subjects import Subjects, held_out, names_of, of_pairs, of_store, of_training
from v2f.evaluation.trials import Trials, check_unseen
from v2f.models import Runtime, file_hash, load, load_networks
from v2f.models.classifiers import GenderClassifier, Matcher
from v2f.models.weights import FITTED, HELD_OUT, find
from v2f.pipeline import VoiceToFace
from v2f.report.results import Figure, Findings, Judge, LeftOut, People, Question, Result, Stratum

TRAIN_TRIALS = 50_000  # Sec. 4.2
IMPOSTERS = 50  # for each true pair, as Speech2Face's pictures were measured
NOT_MEASURED = ("train", "validation", "")  # splits


class Evaluation:
    """One model, its judges, and the results so far."""

    def __init__(self, options: Options) -> None:
        self.options, self.seed, self.workers = options, options.seed, options.workers
        self.began = time.monotonic()
        self.versions = judge_versions()  # fails at once if one is missing
        self.judges: Judges = {JUDGE: partial(judge_faces, workers=options.workers)}
        if options.second_judge:
            self.judges[Judge.FACERES] = faceres.FaceRes(options.second_judge)
            self.versions[faceres.NAME] = faceres.SOURCE
        if options.outside_judge:
            self.judges[Judge.MOBILEFACENET] = mobilefacenet.MobileFaceNet(options.outside_judge)
            self.versions[mobilefacenet.NAME] = mobilefacenet.SOURCE
        self.weights, self.store = find(options.weights), Store.open(options.data)
        runtime = Runtime.choose(exact=options.exact)
        self.engine = VoiceToFace(load(self.weights), runtime)
        self.encoder = self.engine.model.config.encoder
        self.size = self.engine.model.config.image_size
        self.fitted = fitted(self.engine.model.provenance)
        self.sounds = sound_files(options.sounds) if options.sounds else []
        self.classifier = GenderClassifier.open(options.gender, runtime) if options.gender else None
        self.matchers = [Matcher.open(path, runtime) for path in options.matcher]
        self.lines: list[Result | LeftOut] = []
        self.figures: list[Figure] = []

    def run(self) -> tuple[Findings, list[Figure]]:
        """Everything, in the report's order."""
        measured = self.measured_subjects()
        for subjects in measured:
            self.check_unseen(subjects)
        question, everybody = Question.ALL_QUESTIONS, People.EVERYBODY
        for judge, name, told in (
            ("second", Judge.FACERES, "--second-judge names its folder"),
            ("outside", Judge.MOBILEFACENET, "--outside-judge names its file"),
        ):
            if name not in self.judges:
                self.leave_out(question, everybody, f"no {judge} judge was given; {told}")
        trained = self.training_faces()
        real = trained.subjects.faces
        real_detected = detections(real, self.workers) if len(real) else {}
        for subjects in measured:
            if not len(subjects.voice_person):
                self.leave_out(question, subjects.name, "there are no recordings")
                continue
            self.log(f"{subjects.name}: generating and judging faces")
            generated = self.generate(subjects)
            self.compare_with_people(generated)
            self.compare_with_training(generated, trained, real_detected)
            if subjects.name == self.options.split:
                self.ask_of_one_corpus(generated)
            if subjects.name == People.COMMON_VOICE:
                self.figures.append(unchosen(generated, self.seed))
        return Findings.of(self.facts(), self.lines), self.figures

    def measured_subjects(self) -> list[Subjects]:
        """The people of the chosen split, those of other splits where these are for tests too, and the true pairs."""
        options = self.options
        measured = [of_store(self.store, options.split, self.encoder, self.size)]
        if options.split == "test":
            splits = {person.split for person in self.store.people} - {"test", *NOT_MEASURED}
            measured += [
                of_store(self.store, split, self.encoder, self.size, longest=True) for split in sorted(splits)
            ]
        if not options.pairs:
            self.leave_out(Question.MATCHING, People.TRUE_PAIRS, "no folder of true pairs was given")
            return measured
        self.log("reading the true pairs")
        pairs = of_pairs(options.pairs, options.pairs_split, IMPOSTERS, self.workers, self.encoder, self.size)
        for reason, count in pairs.left_out.items():
            self.leave_out(Question.ALL_QUESTIONS, pairs.name, f"{count} of them: {reason}")
        return [*measured, pairs]

    def training_faces(self) -> GeneratedFaces:
        """Faces generated for the people trained on, and what judges say of their true faces.

        There are no generated ones where the model was trained on other identities.
        """
        self.log("training identities: generating and judging faces")
        provenance = self.engine.model.provenance
        known = shares_by_digest(self.store, provenance.get(HELD_OUT, ""))
        shares = trained_shares(self.store) if known is None else known
        subjects = of_training(self.store, shares, self.seed, self.encoder, self.size)
        same = provenance.get("store") == store_hash(self.store.folder)
        if not (same or names_faces(self.engine, subjects)):
            for question in (Question.CLOSED_SET_IDENTIFICATION, Question.MATCHING):
                self.leave_out(question, subjects.name, "the weights were trained on other identities")
            return self.generate(replace(subjects, voice_person=subjects.voice_person[:0]))
        if known is None:
            why = "other recordings were held out of the weights' training than would be of this store's"
            self.leave_out(Question.CLOSED_SET_IDENTIFICATION, subjects.name, why)
        else:
            apart = held_out(subjects, self.store, shares, self.seed)
            self.add(closed_set_identification(self.engine, subjects, apart, self.seed))
        generated = self.generate(subjects)
        lists = self.trials(generated, TRAIN_TRIALS)
        of_paper = {stratum: lists[stratum] for stratum in (None, Stratum.GENDER) if stratum in lists}
        self.add(matching(generated, of_paper, self.seed))
        return generated

    def compare_with_people(self, generated: GeneratedFaces) -> None:
        """The questions about people who were not trained on."""
        name = generated.subjects.name
        self.add(gender(generated, self.classifier, self.seed))
        self.add(age(generated, self.seed))
        lists: dict[Stratum | None, Trials] = {}
        if not generated.true_verdicts:
            of_faces = (Question.MATCHING, Question.IDENTIFICATION, Question.RETRIEVAL, Question.VERIFICATION)
            for question in of_faces:
                self.leave_out(question, name, "there are no true faces of the speakers")
        else:
            self.log(f"{name}: matching")
            lists = self.trials(generated, self.options.count)
            self.add(matching(generated, lists, self.seed))
            self.add(matchers(generated, lists, self.matchers, self.seed))
            self.add(galleries(generated, self.seed))
            if None in lists:
                self.add(verification(generated, lists[None], self.seed))
        self.log(f"{name}: durations")
        self.add(durations(self.engine, generated, lists, self.judges, self.classifier, self.seed))

    def compare_with_training(
        self, generated: GeneratedFaces, trained: GeneratedFaces, real_detected: dict[Judge, np.ndarray]
    ) -> None:
        """Quality by every judge, and the figure of the generated faces that are nearest to a training face.

        real_detected: by detector, whether it sees a face in each true face of those trained on, bool [faces].
        """
        people, on = generated.subjects.voice_person, generated.subjects.name
        for by, detected in detections(generated.images, self.workers).items():
            self.add(detection_rates(detected, people, real_detected.get(by), on, by, self.seed))
        faces, identity = trained.subjects.faces, trained.subjects.face_person
        if len(faces) < 2:
            self.leave_out(Question.QUALITY, on, "the store has no training faces to compare with")
            return
        for judge, verdicts in generated.verdicts.items():
            by, real = DESCRIPTORS.get(judge, judge), trained.true_verdicts[judge].descriptor
            results, nearest = quality(verdicts.descriptor, people, real, identity, on, self.seed, by)
            self.add(results)
            if by == Judge.DLIB and on == self.options.split and generated.subjects.shown:
                self.figures.append(nearest_training_faces(generated.images, faces, nearest))

    def ask_of_one_corpus(self, generated: GeneratedFaces) -> None:
        """The questions that the test people are enough for, and the figures."""
        self.log("voices and noise")
        subjects = generated.subjects
        self.add(noise(self.engine, subjects, self.seed, self.workers))
        self.add(sounds(self.engine, self.sounds, subjects.name, self.seed, self.workers))
        self.add(consistency(self.engine, generated, self.judges, self.seed))
        self.log("figures")
        pictures, left_out = figures(self.engine, generated, self.seed)
        self.figures = [*pictures, *self.figures]
        self.add(left_out)

    def generate(self, subjects: Subjects) -> GeneratedFaces:
        """A face from every whole recording, judged by all judges."""
        return generate_faces(self.engine, subjects, self.judges)

    def trials(self, generated: GeneratedFaces, count: int) -> dict[Stratum | None, Trials]:
        """Lists of trials by stratum; a stratum that cannot be had is left out with a line."""
        lists, left_out = trials_of(generated, count, self.seed, self.options.trials)
        self.add(left_out)
        return lists

    def check_unseen(self, subjects: Subjects) -> None:
        """Raise CorpusError if anybody measured on was trained on, WeightsError where weights hold no names."""
        people = names_of(subjects)
        for path in (self.weights, self.options.gender, *self.options.matcher):
            if path is not None:
                check_unseen(people, known_to(path, people))

    def facts(self) -> dict[str, Any]:
        """What the report is about."""
        files = {"gender classifier": self.options.gender}
        for matcher, path in zip(self.matchers, self.options.matcher, strict=True):
            files[f"matcher {matcher.kind}"] = path
        provenance = self.engine.model.provenance
        return {
            "weights": self.weights.name,
            "weights_sha256": file_hash(self.weights),
            "store": self.store.folder.name,
            "store_sha256": store_hash(self.store.folder),
            "seed": self.seed,
            "precision": self.engine.runtime.precision,
            "trials": self.options.count,
            "judges": self.versions,
            "others_sha256": {name: file_hash(path) for name, path in files.items() if path},
            "provenance": {key: value for key, value in provenance.items() if "\n" not in value},
            "date": date.today().isoformat(),
            "minutes": round((time.monotonic() - self.began) / 60, 1),
        }

    def add(self, lines: Iterable[Result | LeftOut]) -> None:
        """Keep the answers to a question, and with each whether the model's faces were fitted to who judges."""
        for line in lines:
            if isinstance(line, Result) and line.by:
                line = replace(line, fitted=self.fitted.get(line.by))
            self.lines.append(line)

    def leave_out(self, question: Question, on: People, why: str) -> None:
        """Keep a line about a question that the data cannot answer."""
        self.lines.append(LeftOut(question, on, why))

    def log(self, stage: str) -> None:
        """Write on stderr what begins now."""
        print(f"{time.monotonic() - self.began:5.0f} s  {stage}", file=sys.stderr, flush=True)


def fitted(provenance: Mapping[str, str]) -> dict[Judge, bool]:
    """Whether a model's faces were fitted to each descriptor, as far as its provenance tells.

    To the outside judge's they were not, unless it says so.
    """
    if FITTED not in provenance:
        return {Judge.MOBILEFACENET: False}
    told = {name.strip().lower() for name in provenance[FITTED].split(",")}
    return {judge: judge in told for judge in (Judge.DLIB, Judge.FACERES, Judge.MOBILEFACENET)}


def known_to(path: Path, people: Sequence[str]) -> list[str]:
    """The names of those whom weights were trained on; raises WeightsError where these do not tell."""
    names = trained_on(load_networks(path)[2], people)
    if names is None:
        raise WeightsError(
            f"{path} does not tell whom it was trained on, so it cannot be measured; train it anew."
        )
    return names
