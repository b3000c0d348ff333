"""The wheel: what it asks for, what is in it, and that it serves who wants a face without the extras."""

import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from pathlib import Path

import pytest

from v2f.__main__ import main
from v2f.cli import EXTRAS, how_to_install

ROOT = Path(__file__).resolve().parents[1]


def names(lines: Iterable[str]) -> set[str]:
    return {re.split(r"[~=<>]", line)[0] for line in lines if line and not line.startswith(("#", "-"))}


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_wheel_with_its_extras_and_make_install_the_same_packages(project: dict) -> None:
    extras = project["optional-dependencies"].values()
    asked = [*project["dependencies"], *(package for extra in extras for package in extra)]
    assert names(asked) == names(_lines("requirements.txt")) and len(asked) == len(names(asked))


def test_an_extra_is_named_by_what_is_imported_of_it(project: dict) -> None:
    imported = {extra: {name.replace("_", "-") for name in packages} for extra, packages in EXTRAS.items()}
    assert imported == {
        extra: names(packages) for extra, packages in project["optional-dependencies"].items()
    }


def test_the_lock_holds_the_same_versions_each_with_hashes() -> None:
    pins = [line.split()[0] for line in _lines("requirements.txt") if line[:1].isalpha()]
    lock = _lines("requirements.lock")
    locked = {line.split()[0]: lock[place + 1] for place, line in enumerate(lock) if line[:1].isalpha()}
    missing = [pin for pin in pins if pin not in locked]
    assert not missing, "run `make lock`"
    assert all(following.lstrip().startswith("--hash=sha256:") for following in locked.values())


# Without an extra


@pytest.mark.parametrize(
    ("package", "command"),
    [
        ("uvicorn", "kiosk"),
        ("onnx", "export onnx -o new"),
        ("onnxruntime", "face x -o new --runtime onnx --weights x"),
        ("joblib", "prepare corpus --voices x --faces x --out new"),
        ("joblib", "train pack --data x --encoder x --out new"),
        ("joblib", "evaluate --data x --out new"),
        ("sklearn", "prepare demo --portraits x --speech x --pairs x --common-voice x --speechocean x "
         "--faceres x --out new"),
    ],
)  # fmt: skip
def test_a_missing_package_costs_one_sentence_that_names_the_command(package: str, command: str) -> None:
    ended = without({package}, *command.split())
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1 and ended.stderr.startswith("v2f: "), ended.stderr
    assert package in ended.stderr and ended.stderr.endswith(f"{how_to_install(package)}\n")


def test_a_fault_of_our_own_is_no_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "v2f.kiosk.server", None)
    with pytest.raises(ModuleNotFoundError):
        main(["kiosk"])


def without(packages: set[str], *command: str) -> subprocess.CompletedProcess[str]:
    """`v2f COMMAND` where these packages cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", hidden(packages), *command], cwd=ROOT, capture_output=True, text=True
    )


def hidden(packages: set[str]) -> str:
    return (
        f"import sys; sys.modules.update(dict.fromkeys({sorted(packages)})); "
        "from v2f.__main__ import main; sys.exit(main())"
    )


# As a wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    [file] = folder.glob("*.whl")
    return file


@pytest.mark.slow
def test_the_wheel_is_as_indexes_want_it(wheel: Path) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", str(wheel))
    run(sys.executable, "-m", "check_wheel_contents", str(wheel))
    assert wheel.stat().st_size < 60e6, "PyPI takes a hundred"


@pytest.mark.slow
def test_in_an_empty_environment_the_wheel_makes_a_face_without_the_extras(
    wheel: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    run(
        sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", str(wheel)
    )
    [packages] = (tmp_path / "env").glob("lib/*/site-packages")
    others = [path for path in sys.path if path.endswith("site-packages")]  # what the wheel asks for is there
    (packages / "others.pth").write_text("\n".join(others))
    assert "v2f" in run(str(python.with_name("v2f")), "--version", folder=tmp_path)
    extras = {name for packages in EXTRAS.values() for name in packages}
    program = hidden(extras - {"networkx", "jinja2"})  # these torch brings by itself
    run(str(python), "-c", program, "examples", "-o", "clips", folder=tmp_path)
    clip = next((tmp_path / "clips").iterdir())
    run(str(python), "-c", program, "face", str(clip), "-o", "faces", folder=tmp_path)
    assert [picture.suffix for picture in (tmp_path / "faces").iterdir()] == [".png"]


def run(*command: str, folder: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _lines(name: str) -> list[str]:
    return (ROOT / name).read_text("utf-8").splitlines()
