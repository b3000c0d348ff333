"""The paper's figures: who is shown, in what order, and what is said of it."""

from collections.abc import Iterable

import numpy as np
import pytest
import torch

import v2f
from v2f.audio.features import FRAMES_PER_SECOND
from v2f.data.contact_sheet import APART, GAP, LINE, MARGIN, SIDE
from v2f.data.store import Person
from v2f.evaluation.figures import (
    NEAREST,
    Shuffled,
    figure_2,
    figure_3,
    figure_4,
    figure_5,
    figures,
    nearest_training_faces,
    unchosen,
)
from v2f.evaluation.generated_faces import GeneratedFaces
from v2f.evaluation.judges import JUDGE, Verdicts
from v2f.evaluation.questions.quality import Neighbours
from v2f.evaluation.subjects import Subjects
from v2f.pipeline import VoiceToFace
from v2f.report.results import Figure, LeftOut, People

GREY, PAPER = (228, 228, 228), (255, 255, 255)


@pytest.fixture(scope="module")
def engine(random_weights) -> VoiceToFace:
    return v2f.load(random_weights, device="cpu", exact=True)


def flat(number: int, true: bool = False) -> np.ndarray:
    """A face of one colour that tells its number, red for generated ones, and green for true ones."""
    return np.full((64, 64, 3), (0, number, 0) if true else (number, 0, 0), np.uint8)


def verdicts(ages: list[int]) -> Verdicts:
    n = len(ages)
    return Verdicts(np.array(["female"] * n), np.array(ages), np.zeros((n, 128), np.float32))


def made(
    people: int = 12,
    recordings: int = 1,
    seconds: float = 12.0,
    true_faces: int = 0,
    genders: bool = True,
    old: int = 0,
    shown: bool = True,
) -> GeneratedFaces:
    """Everybody with as many recordings and true faces; every third is male. The first `old` look 70."""
    gender = [("male" if i % 3 == 0 else "female") if genders else "" for i in range(people)]
    voice_person = np.repeat(np.arange(people), recordings)
    face_person = np.repeat(np.arange(people), true_faces)
    faces = [flat(person, true=True) for person in face_person]
    subjects = Subjects(
        name=People.TEST,
        people=[Person(f"person {i}", gender[i], "", "test", -1) for i in range(people)],
        voice_person=voice_person,
        face_person=face_person,
        faces=np.stack(faces) if faces else np.empty((0, 64, 64, 3), np.uint8),
        frames=lambda recording: torch.randn(
            64, round(seconds * FRAMES_PER_SECOND), generator=torch.Generator().manual_seed(recording)
        ),
        shown=shown,
    )
    return GeneratedFaces(
        subjects,
        embeddings=np.zeros((len(voice_person), 64), np.float32),
        images=np.stack([flat(recording) for recording in range(len(voice_person))]),
        scores=None,
        verdicts={JUDGE: verdicts([30] * len(voice_person))},
        true_verdicts={JUDGE: verdicts([70 if person < old else 30 for person in face_person])}
        if true_faces
        else {},
        trunk=None,
        true_trunk=None,
    )


def third(engine: VoiceToFace, whose: GeneratedFaces, seed: int = 0) -> Figure:
    return figure_3(engine, whose, Shuffled(whose, seed))


def parted(found: Iterable[Figure | LeftOut]) -> tuple[list[Figure], str]:
    """Figures, and all lines of what was left out."""
    found = list(found)
    lines = [line for line in found if isinstance(line, LeftOut)]
    assert {(line.question, line.on) for line in lines} <= {("figures", "test")}
    return [figure for figure in found if isinstance(figure, Figure)], "\n".join(
        line.left_out for line in lines
    )


def fourth(whose: GeneratedFaces) -> tuple[list[Figure], str]:
    return parted(figure_4(whose, Shuffled(whose, 0)))


def fifth(engine: VoiceToFace, whose: GeneratedFaces) -> tuple[list[Figure], str]:
    return parted(figure_5(engine, whose, Shuffled(whose, 0)))


def cell(figure: Figure, row: int, column: int, apart: int | None = None) -> tuple[int, int, int]:
    left = MARGIN + GAP + column * (SIDE + GAP) + (APART if apart is not None and column >= apart else 0)
    pixel = figure.picture.getpixel((left + SIDE // 2, 2 * GAP + LINE + row * (SIDE + GAP) + SIDE // 2))
    assert isinstance(pixel, tuple)
    return pixel[0], pixel[1], pixel[2]


def speakers(figure: Figure, column: int, rows: int = 4) -> list[int]:
    """The numbers of the generated faces in a column."""
    return [cell(figure, row, column)[0] for row in range(rows)]


def test_people_who_may_not_be_shown_are_not(engine) -> None:
    with pytest.raises(ValueError, match="test may not be shown"):
        figures(engine, made(shown=False), 0)


def test_all_figures_of_the_paper_with_captions(engine) -> None:
    found, left_out = figures(engine, made(recordings=7, true_faces=2, old=2, seconds=2), 0)
    assert [figure.file for figure in found] == [f"figure-{number}.png" for number in (2, 3, 4, 5)]
    assert all(figure.title.startswith(f"Figure {number}: ") for number, figure in enumerate(found, 2))
    assert all(figure.caption.endswith(".") and "In the paper" in figure.caption for figure in found)
    assert all("shuffled by seed 0" in figure.caption for figure in found)
    assert left_out == []


def test_without_true_faces_a_line_says_so(engine) -> None:
    found, left_out = figures(engine, made(people=2, seconds=2), 0)
    assert not any("true face" in figure.caption for figure in found)
    assert "true faces beside the generated ones, as there are none" in {line.left_out for line in left_out}


def test_figure_2_has_four_noises_and_a_voice_by_five_durations(engine) -> None:
    figure = figure_2(engine, Shuffled(made(seconds=4), 0), 0)
    faces = {cell(figure, row, column) for row in range(4) for column in range(5)}
    assert GREY not in faces and PAPER not in faces
    last = figure.picture.height - GAP - SIDE // 2
    voice = [
        figure.picture.getpixel((MARGIN + GAP + column * (SIDE + GAP) + SIDE // 2, last))
        for column in range(5)
    ]
    assert [face == GREY for face in voice] == [False, False, False, True, True]  # it is shorter than 5 s


def test_figure_3_shows_durations_that_a_recording_reaches_its_whole_and_true_faces(engine) -> None:
    figure = third(engine, made(seconds=4, true_faces=5))
    assert [cell(figure, 0, column) == GREY for column in range(6)] == [
        False,
        False,
        False,
        True,
        True,
        False,
    ]
    for row in range(4):
        (person, _, _), *true = [cell(figure, row, column, apart=6) for column in (5, 6, 7, 8)]
        assert true == [(0, person, 0)] * 3, "three of five, and of the speaker"
    assert figure.picture.width == MARGIN + 9 * (SIDE + GAP) + APART + 2 * GAP
    assert "Grey" in figure.caption and "up to three true faces" in figure.caption


def test_half_of_figure_3s_speakers_are_female(engine) -> None:
    figure = third(engine, made(seconds=2))
    assert [person % 3 == 0 for person in speakers(figure, 5)] == [False, False, True, True]
    assert "The first two female and two male speakers" in figure.caption


def test_without_genders_the_first_four_are_shown(engine) -> None:
    figure = third(engine, made(genders=False, seconds=2))
    assert "The first four speakers in an order shuffled by seed 0." in figure.caption


def test_genders_seen_in_true_faces_are_said_to_be(engine) -> None:
    figure = third(engine, made(genders=False, true_faces=1, seconds=2))
    assert "four female (by the look of their true faces) speakers" in figure.caption


def test_without_true_faces_figure_3_has_no_columns_for_them(engine) -> None:
    figure = third(engine, made(seconds=2))
    assert figure.picture.width == MARGIN + 6 * (SIDE + GAP) + 2 * GAP


def test_one_speaker_is_enough(engine) -> None:
    assert "The first speaker in an order" in third(engine, made(people=1)).caption


def test_the_seed_decides_who_is_shown(engine) -> None:
    people = made(people=40, seconds=1)
    one, same, other = (third(engine, people, seed) for seed in (0, 0, 1))
    assert one.picture.tobytes() == same.picture.tobytes()
    assert speakers(one, 5) != speakers(other, 5)


def test_figure_4_groups_speakers_above_their_true_faces_and_shows_nobody_twice() -> None:
    ((figure,), left_out) = fourth(made(true_faces=1, old=2))
    assert figure.title == "Figure 4: old, male and female voices" and not left_out
    groups: list[list[int]] = [[], [], []]
    for group, people in enumerate(groups):
        top = group * (2 * GAP + LINE + 2 * (SIDE + GAP)) + 2 * GAP + LINE + SIDE // 2
        for column in range(6):
            left = MARGIN + GAP + column * (SIDE + GAP) + SIDE // 2
            generated, true = (figure.picture.getpixel((left, top + down)) for down in (0, SIDE + GAP))
            if generated != PAPER:
                assert generated[0] == true[1], "a person's own"
                people.append(generated[0])
    old, male, female = groups
    assert sorted(old) == [0, 1]
    assert sorted(male) == [3, 6, 9]
    assert len(female) == 6 and all(person % 3 for person in female)
    assert len({*old, *male, *female}) == 11


def test_without_true_faces_nobody_is_old() -> None:
    (figure,), left_out = fourth(made())
    assert figure.title == "Figure 4: male and female voices"
    assert left_out == "the group 'old' of Figure 4: no true faces to see ages in"


@pytest.mark.parametrize(
    ("old", "sentence"),
    [(2, "Genders, too, are as the judge sees them."), (0, "Genders are as a judge sees true faces.")],
)
def test_figure_4_tells_whose_genders_a_judge_saw(old: int, sentence: str) -> None:
    ((figure,), _) = fourth(made(true_faces=1, old=old, genders=False))
    assert sentence in figure.caption
    ((known,), _) = fourth(made(true_faces=1, old=old))
    assert "Genders" not in known.caption


def test_without_genders_and_faces_there_is_no_figure_4() -> None:
    found, left_out = fourth(made(genders=False))
    assert not found and "nobody is known to be female" in left_out


def test_figure_5_has_seven_whole_recordings_of_each_speaker(engine) -> None:
    (figure,), left_out = fifth(engine, made(recordings=8))
    for row in range(4):
        shown = [cell(figure, row, column)[0] for column in range(7)]
        assert len(set(shown)) == 7 and len({recording // 8 for recording in shown}) == 1
    assert "seven whole recordings" in figure.caption and not left_out


def test_without_seven_recordings_figure_5_has_seven_pieces_and_says_so(engine) -> None:
    (figure,), left_out = fifth(engine, made(recordings=2, seconds=7))
    assert PAPER not in {cell(figure, row, column) for row in range(4) for column in range(7)}
    assert "seven equal pieces of one recording" in figure.caption
    assert "seven equal pieces of one recording" in left_out


def test_pieces_of_less_than_a_second_are_not_shown(engine) -> None:
    found, left_out = fifth(engine, made(seconds=6.9))
    assert not found and "nobody has 7 recordings, or 7 s of speech in one" in left_out


def test_the_nearest_training_faces_come_in_order_beneath_the_generated() -> None:
    distance = np.random.default_rng(0).permutation(30) / 30 + 0.1
    images = np.stack([flat(i) for i in range(30)])
    training = np.stack([flat(i, true=True) for i in range(50)])
    figure = nearest_training_faces(images, training, Neighbours((np.arange(30) * 7) % 50, distance))
    nearest = np.argsort(distance)[:NEAREST]
    assert speakers(figure, 0, rows=1) == [nearest[0]]
    assert [cell(figure, 0, column)[0] for column in range(5)] == nearest[:5].tolist()
    assert [cell(figure, 1, column)[1] for column in range(5)] == [i * 7 % 50 for i in nearest[:5]]
    assert "The 10 of 30 generated faces" in figure.caption


def test_48_unchosen_speakers_stand_twelve_by_four_without_their_true_faces() -> None:
    whose = made(people=60, recordings=2, true_faces=1)
    figure = unchosen(whose, seed=3)
    assert figure.file == "figure-common-voice.png" and "speakers" in figure.caption
    step = SIDE + GAP
    shown = [
        figure.picture.getpixel((GAP + x * step + SIDE // 2, GAP + y * (step + LINE) + SIDE // 2))
        for y in range(4)
        for x in range(12)
    ]
    assert figure.picture.size == (12 * step + GAP, 4 * (step + LINE) + GAP)
    assert len({face[0] // 2 for face in shown}) == 48 and all(face[1:] == (0, 0) for face in shown)
    assert "the first in an order shuffled by seed 3, nobody chosen" in figure.caption


def test_few_generated_faces_are_all_shown() -> None:
    images = np.stack([flat(i) for i in range(3)])
    figure = nearest_training_faces(images, images, Neighbours(np.arange(3), np.array([0.3, 0.1, 0.2])))
    assert [cell(figure, 0, column)[0] for column in range(3)] == [1, 2, 0]
