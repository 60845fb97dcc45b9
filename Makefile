# Two commands: `make bench` measures, `make test` proves. Both need python3 >= 3.11 with venv, and make; nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help bench test serve pictures lint clean
help:
	@echo "make bench   measure the default scenarios on this machine (ARGS='fan_out --rounds 9' to choose)"
	@echo "make test    run the whole suite (ARGS='-m \"not slow\"' for the quick part)"
	@echo "make serve   the showcase on http://127.0.0.1:8000/, its sibling, and a link to sign in (ARGS='--port 8080')"
	@echo "make pictures  docs/pictures anew, from the reference run and a race"
	@echo "make lint    ruff, mypy, import contracts"
	@echo "make clean   remove $(VENV); results in var/ stay"

bench: $(VENV)/.installed
	$(BIN)/python manage.py runbench $(ARGS)

test: $(VENV)/.installed-dev
	@$(BIN)/python -m apps.comparisons.tests.browser.chromium
	$(BIN)/python -m pytest $(ARGS)

serve: $(VENV)/.installed
	$(BIN)/python manage.py serve $(ARGS)

pictures: $(VENV)/.installed-dev
	@$(BIN)/python -m apps.comparisons.tests.browser.chromium
	$(BIN)/python -m apps.comparisons.tests.browser.pictures $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy .

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Crossover needs Python 3.11 or newer: install python3, or name one with PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Crossover needs Python 3.11 or newer, and $(PYTHON) is `$(PYTHON) --version`: name another with PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: on Debian and Ubuntu, run: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt || { echo "Installing failed: is the package index reachable? See pip's lines above."; exit 1; }
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt || { echo "Installing failed: is the package index reachable? See pip's lines above."; exit 1; }
	@touch $@
