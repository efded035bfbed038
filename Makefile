# Everything runs in a virtual environment inside the checkout, which the tasks make themselves from the locks.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PIP := $(PY) -m pip --disable-pip-version-check
IMAGE := protos/image.binpb
GOOGLEAPIS := build/googleapis

# Stamps: set-up is done once, and again when a lock or the project's metadata changes.
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
BENCH := $(VENV)/.bench-installed
USABLE := $(VENV)/.usable

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test fuzz soak bench bench-full bench-check check format-check lint types imports proto-check stubs-check format protos image \
	googleapis lock upgrade clean

help: ## List the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(DEV) ## Make the virtual environment with everything that development needs

demo: $(RUNTIME) ## Generate a bank of a million customers and score it through a real server
	$(BIN)/segmentd demo

test: $(DEV) ## Run the test suite (WORKERS=2 processes)
	$(PY) -m pytest -n $(WORKERS) --dist loadfile -p no:benchmark

fuzz: $(DEV) ## Run the tests that generate their input for much longer
	$(PY) -m pytest -n $(WORKERS) -p no:benchmark -m fuzz --hypothesis-profile=fuzz --timeout=7200

soak: $(DEV) ## Kill, fail and restart the store of facts ten times as often as the test suite does
	$(PY) -m pytest -n $(WORKERS) -p no:benchmark -m soak --hypothesis-profile=soak --timeout=7200

bench: $(BENCH) ## Run the benchmarks that tell most, side by side with peers and on the wire: twelve minutes (quick parts: benchmarks/README.md)
	$(if $(ROWS),SEGMENTD_BENCH_ROWS=$(ROWS)) $(PY) -m pytest benchmarks --timeout=3600 --benchmark-sort=name \
		--benchmark-columns=median,iqr,min,ops,rounds
	$(PY) -m benchmarks.side_by_side $(if $(ROWS),--rows $(ROWS))

bench-full: $(BENCH) ## Run every scenario at every size, raw and in codes: hours
	$(PY) -m benchmarks.side_by_side --full --out build/bench-full.json

bench-check: $(BENCH) ## Compare this checkout with another one in interleaved pairs (BASE=v0.1.0; else the last tag, or HEAD~1)
	$(PY) -m benchmarks.regression $(if $(BASE),--base $(BASE))

check: format-check lint types imports proto-check stubs-check ## Run every check below, all that CI runs beside the tests

format-check: $(DEV) ## Check that the Python code is formatted
	$(BIN)/ruff format --check

lint: $(DEV) ## Lint the Python code
	$(BIN)/ruff check

types: $(DEV) ## Check the types, strictly
	$(PY) -m mypy

imports: $(DEV) ## Check that imports point down the layers
	$(BIN)/lint-imports --no-logo

proto-check: $(DEV) googleapis ## Check the protos: lint, format, and no breaking change since the committed image
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	@test -f $(IMAGE) || { echo "no $(IMAGE) to compare with; make it with: make image"; exit 1; }
	$(BIN)/buf breaking protos --against $(IMAGE)

stubs-check: $(DEV) googleapis ## Check that the committed stubs match the protos
	$(PY) scripts/stubs.py --check

format: $(DEV) googleapis ## Format the Python code and the protos
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format
	$(BIN)/buf format --write

protos: $(DEV) googleapis ## Generate the stubs from the protos
	$(PY) scripts/stubs.py

image: $(DEV) googleapis ## Renew the image that breaking changes are measured against (on purpose, see CONTRIBUTING.md)
	$(BIN)/buf build protos --exclude-source-info --output $(IMAGE)

googleapis: $(DEV)
	@$(PY) scripts/googleapis.py $(GOOGLEAPIS)

lock: $(DEV) ## Write the locks anew from pyproject.toml, keeping versions that still fit
	scripts/lock

upgrade: $(DEV) ## Write the locks anew with the newest versions that fit
	scripts/lock --upgrade

clean: ## Remove the virtual environment, builds and caches
	rm -rf $(VENV) build dist .benchmarks .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks scripts -name __pycache__ -type d -exec rm -rf {} +

# Set-up. The locks hold every package by version and hash; the project itself is installed without looking anything up.

define install
	@echo "installing $(1), which takes some minutes the first time"
	@$(PIP) install --quiet --require-hashes --requirement $(1)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
endef

$(RUNTIME): locks/runtime.txt pyproject.toml | $(USABLE)
	$(call install,locks/runtime.txt)
	@touch $@

$(DEV): locks/dev.txt pyproject.toml | $(USABLE)
	$(call install,locks/dev.txt)
	@touch $(RUNTIME) $@

$(BENCH): locks/bench.txt $(DEV)
	$(call install,locks/bench.txt)
	@touch $@

$(USABLE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "segmentd needs Python 3.11 or later," \
		"but $(PYTHON) is $$($(PYTHON) --version 2>&1); name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PIP) --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { echo "$(PYTHON) cannot make virtual" \
		"environments; Debian and Ubuntu have them in the package python3-venv" >&2; exit 1; }
	@touch $@
