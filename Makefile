# SPDX-License-Identifier: GPL-3.0-or-later
# `make help` lists what there is to make.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Python 3.11: Blender's module needs this one exactly.
PYTHON ?= python3.11
# Blender 5.1 and later want this one; only `make test-blender-versions` asks for it.
PYTHON_313 ?= python3.13
# cpu, or cuda for the build of PyTorch that uses an NVIDIA card.
TORCH ?= cpu
# Where the tests leave their reports (JUnit XML).
REPORTS ?= out/reports
PYTEST_ARGUMENTS ?=
# How many tests of `make test` run at once; 0: all in one process, as a debugger wants it.
WORKERS ?= 2
# For `make build` and `make run`.
MODELS ?=
DATA ?= $(CURDIR)/docker
PORT ?= 5757
GPU ?=
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu
COMMA := ,

PY := .venv/bin/python
BLENDER_PY := .venv-blender/bin/python
# Short tracebacks: of a whole program's test, the sentence that matters must not drown in source lines.
PYTEST := -m pytest -q --tb=short -p no:cacheprovider $(PYTEST_ARGUMENTS)
# pytest ends with 5 where it finds no test; that is worth a sentence and no failure.
NO_TESTS := || { code=$$?; [ $$code -eq 5 ] && echo "There is no such test."; [ $$code -eq 5 ]; }

ENGINE := .venv/.made-engine-$(TORCH)
DEVELOPMENT := .venv/.made-development
DOCS := .venv/.made-docs
BLENDER := .venv-blender/.made-blender
BLENDER_TESTS := .venv-blender/.made-tests
VIDEO := .venv-video/.made-video
SETUP := $(PYTHON) scripts/setup_environment.py

.PHONY: help python setup development video demo test test-units test-blender test-blender-versions test-gui \
        test-system lint format bench soak extension repository docs wheel model-wheel build run clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1|/' | \
	  while IFS='|' read -r name what; do printf '  make %-21s %s\n' "$$name" "$$what"; done

# ---------------------------------------------------------------- environments

# Debian's package is called python3.11-venv; other systems have their own ways.
python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing. Install Python 3.11" \
	  "(Debian: apt-get install python3.11-venv) or name one: make setup PYTHON=/path/to/python3.11"; exit 1; }

setup: $(ENGINE) $(BLENDER)  ## make .venv (engine) and .venv-blender (Blender as a module)
	@echo "Ready: .venv has the engine (.venv/bin/aqgt), .venv-blender has Blender. Next: make demo"

development: $(DEVELOPMENT) $(BLENDER_TESTS)  ## add what training, tests and lint need

video: $(VIDEO)  ## make .venv-video, which tracks people in videos (`aqgt-train corpus video`)

$(ENGINE): pyproject.toml scripts/setup_environment.py | python
	@$(SETUP) engine --torch $(TORCH)
	@rm -f .venv/.made-engine-* && touch $@

$(DEVELOPMENT): pyproject.toml scripts/setup_environment.py | python $(ENGINE)
	@$(SETUP) development
	@touch $@

$(DOCS): pyproject.toml scripts/setup_environment.py | python $(ENGINE)
	@$(SETUP) docs
	@touch $@

$(BLENDER): pyproject.toml scripts/setup_environment.py | python
	@$(SETUP) blender
	@touch $@

$(BLENDER_TESTS): pyproject.toml scripts/setup_environment.py | python $(BLENDER)
	@$(SETUP) blender-tests
	@touch $@

$(VIDEO): pyproject.toml scripts/setup_environment.py | python
	@$(SETUP) video
	@touch $@

# ---------------------------------------------------------------- demo

demo: setup extension  ## speech in, a gesturing character out: out/demo
	$(PY) scripts/demo.py --out out/demo

# ---------------------------------------------------------------- tests

test: lint test-units  ## lint, types, imports; then core, engine and training tests

test-units: $(DEVELOPMENT)
	@mkdir -p $(REPORTS)
	$(PY) $(PYTEST) tests --ignore=tests/blender --ignore=tests/gui --ignore=tests/system \
	  --numprocesses=$(WORKERS) --dist=loadfile \
	  --junitxml=$(REPORTS)/test.xml $(NO_TESTS)

test-blender: $(DEVELOPMENT) $(BLENDER_TESTS) extension  ## the extension inside Blender, without a window
	@mkdir -p $(REPORTS)
	$(BLENDER_PY) $(PYTEST) tests/blender --junitxml=$(REPORTS)/test-blender.xml $(NO_TESTS)

test-blender-versions: $(DEVELOPMENT) extension  ## by hand: the same on Blender 4.5, 5.1 and 5.2 (1 GB each)
	$(PY) scripts/blender_versions.py --python 3.11=$(PYTHON) --python 3.13=$(PYTHON_313) --reports $(REPORTS)

test-gui: $(DEVELOPMENT) extension  ## the extension in a real window (makes a Debian sid folder for it)
	@mkdir -p $(REPORTS)
	$(PY) $(PYTEST) tests/gui -rs --junitxml=$(REPORTS)/test-gui.xml $(NO_TESTS)

test-system: $(DEVELOPMENT) $(BLENDER) extension  ## whole programs: command line, training recipe, demo
	@mkdir -p $(REPORTS)
	$(PY) $(PYTEST) tests/system -rs --junitxml=$(REPORTS)/test-system.xml $(NO_TESTS)

lint: $(DEVELOPMENT)  ## ruff, mypy, import-linter
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m mypy blender_addon
	.venv/bin/lint-imports --no-logo

format: $(DEVELOPMENT)  ## bring the code into its format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(DEVELOPMENT)  ## the default model's speed and quality, the speed of training and of published models
	$(PY) benchmarks/run.py
	$(PY) benchmarks/quality.py
	$(PY) benchmarks/training.py
	$(PY) -m aqgt.cli bench --seconds 20 -o out/bench-published.json

soak: $(DEVELOPMENT)  ## long tests, by hand: an engine under load, generated input in quantity
	$(PY) benchmarks/soak.py
	$(PY) $(PYTEST) tests -m 'soak or hypothesis' --ignore=tests/blender --ignore=tests/gui \
	  --timeout=0 --hypothesis-profile=soak $(NO_TESTS)

# ---------------------------------------------------------------- what is built

extension: $(ENGINE) $(BLENDER)  ## the Blender extension: dist/aqgt_gestures-*.zip
	$(PY) scripts/build_extension.py

repository: $(ENGINE) $(BLENDER)  ## static files from which Blender installs and updates it: dist/repository
	$(PY) scripts/build_repository.py

docs: $(DOCS)  ## the documentation as a site: out/site
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --site-dir out/site
	@echo "out/site/index.html"

wheel: $(ENGINE)  ## the wheel of the engine: dist/aqgt-*.whl
	$(PY) -m build --wheel --no-isolation --outdir dist .

model-wheel: $(ENGINE)  ## the wheel of the default model: dist/aqgt_model_compact-*.whl
	$(PY) -m build --wheel --no-isolation --outdir dist packaging/model-compact

# MODELS: folders of models to put into the image, each as `aqgt models import` has made it. TORCH: cuda, unless
# `make build TORCH=cpu` is said.
build: IMAGE_TORCH = $(if $(filter command line,$(origin TORCH)),$(TORCH),cuda)
build:  ## the Docker image of the engine; MODELS="FOLDER …" go into it, TORCH=cpu leaves CUDA out
	@rm -rf build/image-models && mkdir -p build/image-models
	@for folder in $(MODELS); do \
	  [ -f "$$folder/config.yaml" ] || { echo "$$folder is no folder of a model (aqgt models list)"; exit 1; }; \
	  cp -rL "$$folder" build/image-models/ || exit 1; \
	done
	docker build --tag aqgt:latest --build-arg EXTRAS=engine$(if $(MODELS),$(COMMA)published) \
	  $(if $(filter cpu,$(IMAGE_TORCH)),--build-arg TORCH_INDEX=$(TORCH_CPU_INDEX)) .

run:  ## the engine in Docker, reachable from this machine alone; its folders lie in DATA, GPU=all gives it cards
	@mkdir -p $(addprefix $(DATA)/,configs models keys datasets outputs)
	docker run --rm --init $(if $(GPU),--gpus $(GPU)) --user "$$(id -u):$$(id -g)" \
	  --publish 127.0.0.1:$(PORT):5757 \
	  --volume "$(DATA)/configs:/data/configs:ro" --volume "$(DATA)/models:/data/models:ro" \
	  --volume "$(DATA)/keys:/data/keys" --volume "$(DATA)/datasets:/data/datasets:ro" \
	  --volume "$(DATA)/outputs:/data/outputs" aqgt:latest

clean:  ## remove what was built (not the environments)
	rm -rf build dist out .mypy_cache .ruff_cache .import_linter_cache
