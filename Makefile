# make demo   sets up everything and trains a first model      make check  style, types, layers, sizes, texts
# make test   all tests (test-fast: the quick ones)            make bench  the measurements behind the README's numbers
# make docs   the documentation, into site/                    make install, make clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
BENCHMARKS ?= $(sort $(wildcard benchmarks/[!_]*.py))

.DEFAULT_GOAL := help
.PHONY: help install demo test test-fast check bench docs clean

help:
	@sed -n 's/^# //p' Makefile

demo: $(VENV)/installed-train
	$(BIN)/hubel train faces --out runs/demo
	@run=$$(ls -td runs/demo* | head -n 1); echo; \
	echo "What it says of the few pictures that are kept in the run to check the model:"; \
	$(BIN)/hubel predict $$run $$run/golden; echo; \
	echo "The picture: $(CURDIR)/$$run/picture.png"; \
	echo "The report:  $(CURDIR)/$$run/report.html"

install: $(VENV)/installed-dev

test: $(VENV)/installed-dev
	$(BIN)/pytest -n auto

test-fast: $(VENV)/installed-dev
	$(BIN)/pytest -n auto -m "not slow and not browser"

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/check_sizes.py
	$(BIN)/python scripts/check_texts.py

bench: $(VENV)/installed-dev
	@for benchmark in $(BENCHMARKS); do echo "== $$benchmark"; $(BIN)/python $$benchmark || exit 1; done

docs: $(VENV)/installed-dev
	$(BIN)/mkdocs build --strict --quiet
	@echo "The documentation: $(CURDIR)/site/index.html"

clean:
	rm -rf build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# A mark for each set of packages; a changed pyproject.toml installs again what it lists.
$(VENV)/installed-%: pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV): for 'train' about 700 MB and some minutes, for 'dev' with torch 6 GB ..."
	$(INSTALL) --editable '.[$*]'
	@touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
