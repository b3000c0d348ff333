"""Corpora on disk: the files of each layout, their people, and how people of several corpora are matched."""

import unicodedata
from pathlib import Path

import pytest

from v2f.data.sources import Person, Source, find_faces, find_voices, normalised, people_of
from v2f.errors import CorpusError

VOX1 = "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\n"
VOX2 = "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \n"
IDENTITIES = "Class_ID, Name, Sample_Num, Flag, Gender\n"


def plant(folder: Path, *files: str) -> Path:
    """Empty files: their names alone say whose they are."""
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def source(person: str, *aliases: str, gender: str = "", nationality: str = "", file: str = "a") -> Source:
    return Source(Path(file), file, person, aliases, gender, nationality)


def names(sources: list[Source]) -> list[str]:
    return [one.person for one in sources]


# VoxCeleb


def test_voxceleb1_recordings_have_their_name_from_the_table(tmp_path):
    plant(tmp_path, "wav/id10001/1zcIwhmdeo4/00001.wav", "wav/id10001/7gWzIy6yIIk/00002.wav")
    (tmp_path / "vox1_meta.csv").write_text(VOX1 + "id10001\tA.J._Buckley\tm\tIreland\tdev\n")
    listed = find_voices(tmp_path, "voxceleb")
    file = "wav/id10001/1zcIwhmdeo4/00001.wav"
    assert listed[0] == Source(tmp_path / file, file, "A.J. Buckley", ("id10001",), "male", "Ireland")
    assert [voice.file for voice in listed] == [file, "wav/id10001/7gWzIy6yIIk/00002.wav"]


def test_voxceleb2_recordings_have_the_vggface2_id(tmp_path):
    plant(tmp_path, "dev/aac/id00022/a/00001.m4a")
    (tmp_path / "vox2_meta.csv").write_text(VOX2 + "id00022 ,n000022 ,f ,dev \n")
    (voice,) = find_voices(tmp_path, "voxceleb")
    assert (voice.person, voice.aliases, voice.gender) == ("n000022", ("id00022",), "female")


def test_both_voxcelebs_may_lie_in_one_folder(tmp_path):
    plant(
        tmp_path, "vox1/wav/id10001/a/1.wav", "vox2/dev/aac/id00022/a/1.m4a", "vox2/test/aac/id00017/a/1.m4a"
    )
    (tmp_path / "vox1_meta.csv").write_text(VOX1 + "id10001\tA.J._Buckley\tm\tIreland\tdev\n")
    (tmp_path / "vox2_meta.csv").write_text(VOX2 + "id00017 ,n000017 ,m ,test \nid00022 ,n000022 ,f ,dev \n")
    assert names(find_voices(tmp_path, "voxceleb")) == ["A.J. Buckley", "n000022", "n000017"]


def test_the_table_may_lie_above_or_be_given_under_any_name(tmp_path):
    folder = plant(tmp_path / "corpus" / "wav", "id10001/a/1.wav")
    table = tmp_path / "people.txt"
    table.write_text(VOX1 + "id10001\tA.J._Buckley\tm\tIreland\tdev\n")
    assert names(find_voices(folder, "voxceleb", [table])) == ["A.J. Buckley"]
    table.rename(tmp_path / "corpus" / "vox1_meta.csv")
    assert names(find_voices(folder, "voxceleb")) == ["A.J. Buckley"]


def test_an_id_that_the_table_lacks_stays_the_person(tmp_path):
    plant(tmp_path, "id10001/a/1.wav", "id19999/a/1.wav")
    (tmp_path / "vox1_meta.csv").write_text(VOX1 + "id10001\tA.J._Buckley\tm\tIreland\tdev\n")
    assert names(find_voices(tmp_path, "voxceleb")) == ["A.J. Buckley", "id19999"]


def test_one_speakers_folder_is_a_corpus_too(tmp_path):
    plant(tmp_path, "wav/id10001/a/1.wav")
    (tmp_path / "wav" / "vox1_meta.csv").write_text(VOX1 + "id10001\tA.J._Buckley\tm\tIreland\tdev\n")
    assert names(find_voices(tmp_path / "wav" / "id10001", "voxceleb")) == ["A.J. Buckley"]


def test_the_real_voxceleb1_table_names_everyone(shared_data, tmp_path):
    table = shared_data / "speech" / "vox1_meta.csv"
    ids = [line.split("\t")[0] for line in table.read_text().splitlines()[1:]]
    listed = find_voices(plant(tmp_path, *(f"{key}/a/1.wav" for key in ids)), "voxceleb", [table])
    assert len(listed) == len(people_of(listed)[0]) == 1251
    assert all(voice.gender and voice.nationality and "_" not in voice.person for voice in listed)
    assert not any(voice.person.startswith("id1") for voice in listed)


HQ_VOXCELEB = "Class_ID,Name,Sample_Num,Flag,Gender_x,VoxCeleb2ID,VGGFace2ID,Gender_y,Set\n"


def test_a_merged_table_has_names_and_ids(tmp_path):
    plant(tmp_path, "voices/id00101/a/1.m4a", "faces/n000101/1.jpg")
    table = tmp_path / "full_vox2_meta.csv"
    table.write_text(HQ_VOXCELEB + "n000101,Florence_Person,100,1,f,id00101,n000101,f,dev\n")
    (voice,) = find_voices(tmp_path / "voices", "voxceleb")
    assert (voice.person, voice.gender) == ("Florence Person", "female")
    assert voice.aliases == ("id00101", "n000101")
    (face,) = find_faces(tmp_path / "faces", "vggface2", [table])
    assert (face.person, face.aliases) == ("Florence Person", ("n000101", "id00101"))


@pytest.mark.parametrize("order", [1, -1])
def test_several_tables_may_be_given_and_names_come_before_ids(tmp_path, order):
    plant(tmp_path, "id10001/a/1.wav", "id00101/a/1.m4a", "id00102/a/1.m4a")
    tables = [tmp_path / f"{i}.csv" for i in range(3)]
    tables[0].write_text(VOX1 + "id10001\tA.J._Buckley\tm\tIreland\tdev\n")
    tables[1].write_text(VOX2 + "id00101 ,n000101 ,f ,dev \nid00102 ,n000102 ,m ,dev \n")
    tables[2].write_text(HQ_VOXCELEB + "n000101,Florence_Person,100,1,f,id00101,n000101,f,dev\n")
    listed = find_voices(tmp_path, "voxceleb", tables[::order])
    assert names(listed) == ["Florence Person", "n000102", "A.J. Buckley"]


def test_folders_of_ids_and_of_names_may_be_mixed(tmp_path):
    plant(tmp_path, "wav/id10001/a/1.wav", "wav/Zoe_Saldana/a/1.wav", "wav/Not_Listed/a/1.wav")
    plant(tmp_path, "more/A.J._Buckley/a/1.wav", "music/loud/1.wav")
    rows = "id10001\tA.J._Buckley\tm\tIreland\tdev\nid11250\tZoe_Saldana\tf\tUSA\tdev\n"
    (tmp_path / "vox1_meta.csv").write_text(VOX1 + rows)
    listed = find_voices(tmp_path, "voxceleb")
    assert names(listed) == ["A.J. Buckley", "Not Listed", "Zoe Saldana", "A.J. Buckley"]
    assert (listed[2].aliases, listed[2].gender) == (("id11250",), "female")


# Faces


@pytest.mark.parametrize("root", ["", "images/", "VGG_ALL_FRONTAL/"])
def test_vggface_is_a_folder_for_each_name(tmp_path, root):
    plant(
        tmp_path, f"{root}A.J._Buckley/1.jpg", f"{root}Zulay_Henao/1.jpg", f"{root}readme.jpg/no_picture.txt"
    )
    assert names(find_faces(tmp_path, "vggface")) == ["A.J. Buckley", "Zulay Henao"]


def test_pictures_of_nobody_are_left_out(tmp_path):
    plant(tmp_path, "montage.jpg", "images/montage.jpg", "images/Zulay_Henao/1.jpg")
    assert names(find_faces(tmp_path, "vggface")) == ["Zulay Henao"]


def test_vggface2_faces_have_their_name_from_the_table(tmp_path):
    plant(tmp_path, "train/n000022/0001_01.jpg", "test/n000029/0001_01.jpg", "train/n999999/0001_01.jpg")
    table = IDENTITIES + 'n000022, "Aarti_Chhabria",396,1, f\nn000029, "Abdullah_II_of_Jordan",454,0, m\n'
    (tmp_path / "identity_meta.csv").write_text(table)
    listed = find_faces(tmp_path, "vggface2")
    assert names(listed) == ["Abdullah II of Jordan", "Aarti Chhabria", "n999999"]
    assert (listed[1].aliases, listed[1].gender) == (("n000022",), "female")


@pytest.mark.parametrize(
    "line",
    [
        'n000001, "Sammy_Davis,_Jr.",424,0, m,',  # as first published: quotes after a space, a comma at the end
        'n000001," ""Sammy_Davis,_Jr.""",424,0, m',  # quoted again by a spreadsheet
        "n000001, Sammy_Davis,_Jr., 424, 0, m",  # quotes lost
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_name_with_a_comma_is_read_however_it_is_quoted(tmp_path, line, encoding):
    plant(tmp_path, "n000001/1.jpg")
    (tmp_path / "identity_meta.csv").write_text(IDENTITIES + line + "\n", encoding=encoding)
    (face,) = find_faces(tmp_path, "vggface2")
    assert (normalised(face.person), face.gender) == ("sammydavisjr", "male")


def test_lfw_is_a_folder_for_each_name_at_any_depth(tmp_path):
    plant(tmp_path, "lfw/lfw/Aaron_Eckhart/Aaron_Eckhart_0001.jpg", "lfw/lfw/Zico/Zico_0001.jpg")
    assert names(find_faces(tmp_path, "lfw")) == ["Aaron Eckhart", "Zico"]


# Folders of one's own, and what holds for all layouts


def test_folders_are_people_whatever_lies_below(tmp_path):
    plant(
        tmp_path,
        "voices/Ada_L/1.wav",
        "voices/Ada_L/2020/may/2.flac",
        "voices/Grace/1.opus",
        "voices/note.wav",
    )
    assert names(find_voices(tmp_path / "voices", "folders")) == ["Ada L", "Ada L", "Grace"]


def test_endings_count_in_either_case_and_others_do_not(tmp_path):
    plant(tmp_path, "A/1.WAV", "A/2.Mp3", "A/3.txt", "A/4.mp4", "A/wav", "A/5.JPEG")
    assert [voice.file for voice in find_voices(tmp_path, "folders")] == ["A/1.WAV", "A/2.Mp3", "A/4.mp4"]
    assert [face.file for face in find_faces(tmp_path, "folders")] == ["A/5.JPEG"]


@pytest.mark.parametrize(
    "ending", ["wav", "aif", "oga", "caf", "wma", "3gp", "w64", "au", "amr", "mkv", "avi"]
)
def test_recordings_of_every_ending_that_is_read_are_found(tmp_path, ending):
    assert names(find_voices(plant(tmp_path, f"Some One/1.{ending}"), "folders")) == ["Some One"]


def test_videos_are_found_but_not_beside_their_sound(tmp_path):
    plant(
        tmp_path, "aac/id00101/v/1.m4a", "mp4/id00101/v/1.mp4", "mp4/id00101/v/2.mp4", "mp4/id00102/v/1.mp4"
    )
    (tmp_path / "vox2_meta.csv").write_text(VOX2 + "id00101 ,n000101 ,f ,dev \n")
    found = find_voices(tmp_path, "voxceleb")
    assert [voice.file for voice in found] == [
        "aac/id00101/v/1.m4a",
        "mp4/id00101/v/2.mp4",
        "mp4/id00102/v/1.mp4",
    ]
    assert found.left_out == [("mp4/id00101/v/1.mp4", "a video whose sound is there")]


def test_what_is_left_out_is_named_with_its_reason(tmp_path):
    plant(tmp_path, "wav/id10001/a/1.wav", "wav/id10001/a/2.dss", "wav/id10001/a/3", "music/1.wav")
    plant(tmp_path, "wav/id10001/a/._1.wav", "wav/id10001/a/1.jpg", "wav/id10001/a/1.txt")
    (tmp_path / "vox1_meta.csv").write_text(VOX1 + "id10001\tA.J._Buckley\tm\tIreland\tdev\n")
    assert find_voices(tmp_path, "voxceleb").left_out == [
        ("music/1.wav", "in nobody's folder"),
        ("wav/id10001/a/2.dss", "of a kind that is not read: .dss"),
        ("wav/id10001/a/3", "of a kind that is not read: without an ending"),
    ]


def test_hidden_files_and_folders_are_skipped(tmp_path):
    plant(tmp_path, "A/1.wav", "A/._1.wav", "A/.2.wav", ".trash/1.wav", "A/.old/1.wav")
    assert [voice.file for voice in find_voices(tmp_path, "folders")] == ["A/1.wav"]


def test_files_come_in_the_order_of_their_names(tmp_path):
    files = ["B/1.wav", "A/z/1.wav", "A/2.wav", "A/10.wav", "A b/1.wav"]
    listed = [voice.file for voice in find_voices(plant(tmp_path, *files), "folders")]
    assert listed == sorted(files)


def test_links_are_followed_but_never_in_a_circle(tmp_path):
    elsewhere = plant(tmp_path / "elsewhere", "1.wav")
    corpus = plant(tmp_path / "corpus", "A/1.wav")
    (corpus / "B").symlink_to(elsewhere)
    (corpus / "A" / "again").symlink_to(corpus)
    assert [voice.file for voice in find_voices(corpus, "folders")] == ["A/1.wav", "B/1.wav"]


def test_a_folder_may_be_given_relative_to_here(tmp_path, monkeypatch):
    monkeypatch.chdir(plant(tmp_path, "corpus/id10001/a/1.wav") / "corpus")
    (tmp_path / "vox1_meta.csv").write_text(VOX1 + "id10001\tA.J._Buckley\tm\tIreland\tdev\n")
    (voice,) = find_voices(Path("."), "voxceleb")
    assert (voice.file, voice.person) == ("id10001/a/1.wav", "A.J. Buckley")


# Mistakes are one sentence


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="no folder"):
        find_faces(tmp_path / "nowhere", "lfw")


@pytest.mark.parametrize(("find", "layout"), [(find_voices, "folders"), (find_faces, "vggface")])
def test_an_empty_corpus_is_refused(tmp_path, find, layout):
    with pytest.raises(CorpusError, match=f"'{layout}'; it should hold"):
        find(plant(tmp_path, "A/1.txt"), layout)


@pytest.mark.parametrize(
    ("find", "layout", "table"),
    [
        (find_voices, "voxceleb", "vox1_meta.csv or vox2_meta.csv or full_vox2_meta.csv"),
        (find_faces, "vggface2", "identity_meta.csv"),
    ],
)
def test_a_missing_table_is_refused(tmp_path, find, layout, table):
    with pytest.raises(CorpusError, match=f"{table} is neither in"):
        find(plant(tmp_path / "corpus", "id10001/a/1.wav", "n000001/1.jpg"), layout)
    with pytest.raises(CorpusError, match="cannot be read"):
        find(tmp_path / "corpus", layout, [tmp_path / "no.csv"])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (IDENTITIES.encode() + b"n000001, A, 1, 1, m\n", "other columns"),
        (VOX1.encode(), "names no people"),
        (b"", "names no people"),
        (VOX1.encode() + b"id10001\tBeyonc\xe9\tf\tUSA\tdev\n", "UTF-8"),
    ],
)
def test_a_table_of_something_else_is_refused(tmp_path, text, reason):
    (tmp_path / "vox1_meta.csv").write_bytes(text)
    with pytest.raises(CorpusError, match=reason):
        find_voices(plant(tmp_path, "id10001/a/1.wav"), "voxceleb")


def test_a_table_for_a_layout_without_one_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="has no table of people"):
        find_faces(plant(tmp_path, "A_B/1.jpg"), "lfw", [tmp_path / "identity_meta.csv"])


@pytest.mark.parametrize(("find", "layout"), [(find_voices, "lfw"), (find_faces, "voxceleb")])
def test_an_unknown_layout_is_refused_with_those_there_are(tmp_path, find, layout):
    with pytest.raises(CorpusError, match="take one of: .*folders"):
        find(tmp_path, layout)


# How people are matched


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("A._J._Buckley", "ajbuckley"),
        ("A.J. Buckley", "ajbuckley"),
        ("Gérard Depardieu", "gerarddepardieu"),
        (unicodedata.normalize("NFD", "Gérard Depardieu"), "gerarddepardieu"),  # as macOS names folders
        ("Agnieszka_Włodarczyk", "agnieszkawlodarczyk"),
        ("14th_Dalai_Lama", "14thdalailama"),
        ("STRAẞE", "strasse"),
        ("王菲", "王菲"),
        ("?!", ""),
    ],
)
def test_names_match_without_accents_case_and_signs(name, key):
    assert normalised(name) == key


def test_people_are_matched_by_name_and_are_sorted_by_it():
    voices = [
        source("Zoe Saldana", "id11250"),
        source("A.J. Buckley", "id10001", gender="male", nationality="Ireland"),
    ]
    faces = [source("A. J. Buckley", "n000004"), source("Zoë Saldana"), source("Émilie Dequenne")]
    people, index = people_of([*voices, *faces])
    assert [normalised(person.name) for person in people] == ["ajbuckley", "emiliedequenne", "zoesaldana"]
    assert index == [2, 0, 0, 2, 1]
    assert people[0] == Person("A. J. Buckley", "male", "Ireland")


def test_people_are_matched_by_an_id_that_another_corpus_explains():
    voices = [source("n000022", "id00022", gender="female"), source("n000029", "id00029")]
    faces = [source("Abdullah II of Jordan", "n000029"), source("Aarti Chhabria", "n000022")]
    people, index = people_of([*voices, *faces])
    assert [person.name for person in people] == ["Aarti Chhabria", "Abdullah II of Jordan"]
    assert index == [0, 1, 1, 0] and people[0].gender == "female"


def test_people_are_matched_through_others():
    chain = [
        source("a", "b"),
        source("c", "d"),
        source("e", "f"),
        source("x"),
        source("d", "e"),
        source("b", "c"),
    ]
    people, index = people_of(chain)
    assert [person.name for person in people] == ["a", "x"]
    assert index == [0, 0, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("candidates", "shown"),
    [
        (["n000124", "Ahlam"], "Ahlam"),
        (["id10001", "zoe"], "zoe"),
        (["AJBuckley", "A.J. Buckley", "n000004"], "A.J. Buckley"),
        (["id00012", "n000012"], "id00012"),
    ],
)
def test_the_best_name_is_shown(candidates, shown):
    for order in (candidates, candidates[::-1]):
        assert people_of([source(name, "same") for name in order])[0] == [Person(shown, "", "")]


def test_the_first_gender_and_nationality_count():
    mentions = [
        source("A B"),
        source("A B", gender="female"),
        source("A B", gender="male", nationality="India"),
        source("A B", nationality="USA"),
    ]
    assert people_of(mentions)[0] == [Person("A B", "female", "India")]


def test_nobody_is_matched_by_an_empty_key():
    people, index = people_of(
        [source("?"), source("!"), source("?", file="b"), source("", file="c"), source("")]
    )
    assert len(people) == 4 and index[0] == index[2]
    assert len(set(index)) == 4


def test_no_sources_are_no_people():
    assert people_of([]) == ([], [])
