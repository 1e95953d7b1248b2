PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# verl pulls an older transformers than ours, so its adapter is tested with an environment of its own.
VERL       := .venv-verl
VERL_STAMP := $(VERL)/.installed

.PHONY: help demo demo-fast test test-verl check docs clean
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

$(VERL_STAMP): pyproject.toml
	$(PYTHON) -m venv $(VERL)
	$(VERL)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(VERL)/bin/python -m pip install --quiet --disable-pip-version-check verl==0.9.1 ray -e .
	@touch $(VERL_STAMP)

test-verl: $(STAMP) $(VERL_STAMP) ## the reward file in the real verl, in an environment of its own
	ADJUDGE_VERL_PYTHON=$(CURDIR)/$(VERL)/bin/python $(BIN)/python -m pytest -q tests/serving/test_adapters_verl.py

check: $(STAMP) ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP) ## write the glossary of docs/index.md anew
	$(BIN)/python scripts/glossary.py

# Runs stay: they are results, and may have been paid for.
clean: ## remove the environment and what tools cached; runs/ stays
	rm -rf $(VENV) $(VERL) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
