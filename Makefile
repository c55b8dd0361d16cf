# make demo   set up, then recognise people by their walk on embedded data
# make test   set up, then run the tests; those that something is missing for are named at the end
# make coverage   the tests, and which lines and branches they leave out
# make lint   style, types, import layers
# make docs   the documentation as a site in site/, strictly; nothing is fetched
# make package   wheel and source distribution in dist/
# make test-tensorflow   the conversion of real TensorFlow checkpoints, with TensorFlow in an environment of its own
#
# Everything is installed into .venv in this folder, in the versions of constraints.txt. A second call installs nothing
# unless pyproject.toml or constraints.txt changed. PYTHON=... chooses the interpreter (3.11 or newer).

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test coverage test-tensorflow lint format docs package clean
.DELETE_ON_ERROR:

demo: .venv/.installed
	$(BIN)/gaitprint demo --out demo

test: .venv/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile -rs

coverage: .venv/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --cov

test-tensorflow: .venv-tensorflow/.installed
	OMP_NUM_THREADS=1 .venv-tensorflow/bin/python -m pytest tests/interop/test_tensorflow_checkpoint.py

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

package: .venv/.installed-dev
	rm -rf dist
	$(BIN)/python -m hatchling build --directory dist

format: .venv/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/.installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf dist site .venv .venv-tensorflow demo

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "gaitprint needs Python 3.11 or newer; PYTHON=/path/to/python make ... chooses one" >&2; exit 1; }
	@"$(PYTHON)" -m venv .venv \
		|| { echo "no virtual environment could be made; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

.venv/.installed: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing gaitprint into .venv (a few minutes the first time)"
	@$(PIP) --editable .
	@touch $@

.venv/.installed-dev: .venv/.installed
	@echo "installing the tools for tests and checks"
	@$(PIP) --editable '.[dev,docs,video]'
	@$(PIP) --no-deps mediapipe==0.10.14 || echo "no MediaPipe for this Python: its tests will be skipped"
	@touch $@

# Everything but TensorFlow, and what it needs in versions of its own, comes from .venv.
.venv-tensorflow/.installed: .venv/.installed-dev
	@echo "installing TensorFlow into .venv-tensorflow"
	@$(BIN)/python -m venv .venv-tensorflow
	@.venv-tensorflow/bin/python -m pip --disable-pip-version-check install --quiet tensorflow==2.21.0
	@for folder in "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" "$(CURDIR)/src"; do \
		echo "$$folder"; done > "$$(.venv-tensorflow/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/gaitprint.pth"
	@touch $@
