PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help demo demo-fast test check docs clean
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# torch first and pinned: a later plain requirement on torch then finds it, and no GPU build is pulled.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "adjudge needs Python 3.11 or newer; $(PYTHON) is older or missing. Try: make PYTHON=python3.12" >&2; exit 3; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train,stats,aws,graders,redis,serve,verifiers,dev]'
	@touch $(STAMP)

demo: $(STAMP) ## install, pull the model, and run the whole job on the embedded defaults
	$(BIN)/adjudge models pull smollm2-135m
	$(BIN)/adjudge demo --resume

demo-fast: $(STAMP) ## the same pipeline in a minute on a random model, without any download
	rm -rf runs/demo-fast
	$(BIN)/adjudge demo --fast

test: $(STAMP) ## the tests
	$(BIN)/python -m pytest -q

check: $(STAMP) ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP) ## write the glossary of docs/index.md anew
	$(BIN)/python scripts/glossary.py

# Runs stay: they are results, and may have been paid for.
clean: ## remove the environment and what tools cached; runs/ stays
	rm -rf $(VENV) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
