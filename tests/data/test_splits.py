"""Splits by people: the paper's letters, chance with the paper's shares, or a list."""

import csv
from collections import Counter

import pytest

from v2f.data.splits import keep_splits, split_people
from v2f.errors import CorpusError

PEOPLE = [f"Person {number:04}" for number in range(1225)]


@pytest.fixture
def split_by(tmp_path):
    """split_by(text, *names): the names split by a list with this text."""

    def split(text: str | bytes, *names: str) -> list[str]:
        path = tmp_path / "list.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return split_people(names, str(path))

    return split


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Aaron Yoo", "validation"),
        ("bingbing li", "validation"),
        ("Charles S. Dutton", "test"),
        ("Zoe Saldana", "train"),
        ("Ezra Miller", "test"),
        ("Faye Dunaway", "train"),
        ("Émilie Dequenne", "test"),
        ("Ángel Juarez", "validation"),
        ('"Weird Al" Yankovic', "train"),
        ("14th Dalai Lama", "train"),
        ("王菲", "train"),
        ("?", "train"),
        ("", "train"),
    ],
)
def test_the_papers_split_goes_by_the_first_letter(name, split):
    assert split_people([name], "paper") == [split]


def test_the_papers_letters_split_voxceleb1_nearly_as_the_paper_does(shared_data):
    with open(shared_data / "speech" / "vox1_meta.csv", newline="") as file:
        names = [row["VGGFace1 ID"] for row in csv.DictReader(file, delimiter="\t")]
    counts = Counter(split_people(names, "paper"))
    assert counts == {"train": 942, "validation": 116, "test": 193}  # 924, 112, 189 of them have faces


def test_chance_gives_the_papers_shares():
    assert Counter(split_people(PEOPLE, "random")) == {"train": 924, "validation": 112, "test": 189}


def test_chance_is_seeded():
    assert split_people(PEOPLE, "random", 1) == split_people(PEOPLE, "random", 1)
    assert split_people(PEOPLE, "random", 1) != split_people(PEOPLE, "random", 2)


def test_chance_does_not_depend_on_the_order_of_names():
    assert split_people(PEOPLE[::-1], "random") == split_people(PEOPLE, "random")[::-1]


def test_chance_puts_all_spellings_of_a_person_together():
    people = [*PEOPLE, *(name.upper().replace(" ", "_") for name in PEOPLE)]
    splits = split_people(people, "random")
    assert splits[:1225] == splits[1225:] == split_people(PEOPLE, "random")


def test_three_people_are_enough_for_three_splits():
    assert sorted(split_people(["a", "b", "c"], "random")) == ["test", "train", "validation"]
    assert split_people(["a", "b"], "random") == ["train", "train"]
    assert split_people([], "random") == []


def test_newcomers_are_split_and_the_others_stay():
    before = ["test", None, "", None, "train"]
    names = ["Frances", "Abe", "Gina", "Hal", "Carla"]
    assert keep_splits(before, names, "paper", 0) == ["test", "validation", "", "train", "train"]
    assert keep_splits(["test"], ["Frances"], "a list that is gone", 0) == ["test"]


def test_a_list_decides_and_leaves_out_whom_it_does_not_name(split_by):
    text = "person,split\nA.J._Buckley,test\nZoë Saldana,train\nB,validation\nb,validation\n"
    assert split_by(text, "Zoe Saldana", "Someone Else", "A. J. Buckley", "B") == [
        "train",
        "",
        "test",
        "validation",
    ]


def test_a_list_may_have_been_through_a_spreadsheet(split_by):
    text = '\ufeffperson, split, note\r\n"Davis, Jr.", train ,x\r\n\r\n'
    assert split_by(text, "Davis Jr.") == ["train"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("person,split\nA,dev\n", "puts A into 'dev'; the splits are train, validation, test"),
        ("person,split\nA,\n", "puts A into ''"),
        ("person,split\nA\n", "puts A into ''"),
        ("person,split\nA B,train\nA_B,test\n", "A_B into two splits, train and test"),
        ("name,part\nA,train\n", "should begin with the line person,split"),
        ("", "should begin with the line person,split"),
        (b"person,split\nBeyonc\xe9,train\n", "UTF-8"),
    ],
)
def test_a_wrong_list_is_one_sentence(split_by, text, reason):
    with pytest.raises(CorpusError, match=reason):
        split_by(text, "A")


def test_an_unknown_rule_is_refused_with_those_there_are():
    with pytest.raises(CorpusError, match="'papr' is neither 'paper' nor 'random' nor a list"):
        split_people(["A"], "papr")
