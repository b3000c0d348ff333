"""The demonstration model's figures as a Markdown table, written from the JSON of `demo.measure`."""

from typing import Any

# Speech2Face's own published pictures for the AVSpeech clips of its project page, by the same judges on faces
# of 64 pixels, every clip against 50 imposters: value and 95 % interval, as fractions.
SPEECH2FACE: dict[str, tuple[float, float, float]] = {
    "sex": (0.895, 0.875, 0.913),
    "unstratified": (0.735, 0.721, 0.750),
    "within_sex": (0.649, 0.632, 0.667),
}
SPEECH2FACE_AGE = 0.32  # rank correlation

READING = """\
Brackets: 95 % intervals from resampling people. Held-out readers: LibriSpeech, one recording each, heard by
no stage of training. Halves: faces from a reader's two half recordings. True pairs: AVSpeech clips and frames
of people whom the corpus' pairing never saw; left out: {dropped}.
1:2 matching: by cosine of dlib's descriptor, every clip against 50 imposters; centred: after each side's mean
descriptor has been taken away. Speech2Face: its own published pictures of all AVSpeech clips on its project
page, judged the same way.

The judges were trained by others, but not everything before them is independent of them: the demonstration
corpus took the apparent sex of its portraits from the one and its groups of look-alikes from the other.
"""

HEADER = "| Question | v2f | chance | Speech2Face | measured on |\n|---|---|---|---|---|"


def markdown(results: dict[str, Any]) -> str:
    """The report: a table with intervals, chance levels and Speech2Face's figures, and how to read it."""
    rows = [
        *_readers(results["readers"], results["difference"]),
        *_pairs(results["pairs"]),
        *_noise(results["noise"]),
    ]
    judges = ", ".join(f"{name} {version}" for name, version in results["judges"].items())
    dropped = ", ".join(f"{count} ({why})" for why, count in results["pairs"]["dropped"].items() if count)
    return "\n".join(
        [
            f"# {results['weights']['file']}",
            "",
            f"sha256 {results['weights']['sha256']}, seed {results['seed']}.",
            f"Judged by {judges}.",
            "",
            HEADER,
            *("| " + " | ".join(row) + " |" for row in rows),
            "",
            READING.format(dropped=dropped or "none"),
        ]
    )


def _readers(readers: dict[str, Any], difference: dict[str, Any]) -> list[list[str]]:
    sexes = ", ".join(f"{sex} {_percent(value)}" for sex, value in readers["sex_agreement_by_sex"].items())
    count = f"{readers['face_found']['people']} held-out readers"
    rows = [
        ["apparent sex agrees with the reader's", _share(readers["sex_agreement"]), "50 %", "", count],
        ["the same, by the reader's sex", sexes, "50 %", "", count],
        ["a frontal face is found", _share(readers["face_found"]), "", "", count],
    ]
    halves = f"halves of {difference['readers']} readers"
    for space, unit in (("descriptor", "descriptor distance"), ("pixel", "pixel distance of 255")):
        part = difference[space]
        digits = 2 if space == "descriptor" else 1
        distances = (
            f"{part['within_reader']:.{digits}f} within a reader, "
            f"{part['between_readers_of_one_sex']:.{digits}f} between readers of one sex, "
            f"{part['between_readers']:.{digits}f} between readers"
        )
        rows.append([f"different readers, different faces: {unit}", distances, "", "", halves])
        chance = _percent(1 / difference["readers"])
        rows.append([f"a reader is recognised by {space}", _share(part["recognised"]), chance, "", halves])
    return rows


def _pairs(pairs: dict[str, Any]) -> list[list[str]]:
    count = f"{pairs['pairs']} true pairs of {pairs['people']} people"
    age = pairs["age_rank_correlation"]
    ages = f"{age['value']:.2f} [{age['low']:.2f}, {age['high']:.2f}]" if age else "all look equally old"
    rows = [
        ["a frontal face is found", _share(pairs["face_found"]), "", "", count],
        ["apparent sex agrees", _share(pairs["sex_agreement"]), "50 %", _published("sex"), count],
        ["apparent age, rank correlation", ages, "0", f"{SPEECH2FACE_AGE:.2f}", count],
    ]
    for stratum, words in (("unstratified", "unstratified"), ("within_sex", "within apparent sex")):
        for score, suffix in (("cosine", ""), ("centred_cosine", ", centred")):
            part = pairs["matching"][stratum][score]
            beside = _published(stratum) if score == "cosine" else ""
            trials = f"{part['trials']:,} trials, {part['people']} people"
            rows.append([f"1:2 matching, {words}{suffix}", _share(part), "50 %", beside, trials])
    return rows


def _noise(noise: dict[str, Any]) -> list[list[str]]:
    voice, other = noise["voice"], noise["noise"]
    count = f"{voice['faces']} voices, {other['faces']} noises ({', '.join(noise['kinds'])})"
    found = f"{_percent(voice['face_found'])} / {_percent(other['face_found'])}"
    rows = [["a frontal face is found: voice / noise", found, "", "", count]]
    if noise["score_auc"] is not None:
        scores = " / ".join(
            f"{part['score']['mean']:.2f} ± {part['score']['spread']:.2f}" for part in (voice, other)
        )
        rows.append(["discriminator's score: voice / noise", scores, "", "", count])
        rows.append(
            ["the score tells voice from noise (AUC)", f"{noise['score_auc']:.2f}", "0.50", "", count]
        )
    return rows


def _share(estimate: dict[str, Any]) -> str:
    low, high = 100 * estimate["low"], 100 * estimate["high"]
    return f"{_percent(estimate['value'])} [{low:.1f}, {high:.1f}]"


def _published(name: str) -> str:
    value, low, high = SPEECH2FACE[name]
    return f"{_percent(value)} [{100 * low:.1f}, {100 * high:.1f}]"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"
