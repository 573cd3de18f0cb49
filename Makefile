PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo demo-sms test lint format footprint tokens modules lock ready clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ready ## two clients and a simulated service, end to end
	@$(BIN)/microimps demo $(ARGS)

demo-sms: ready ## the same over SMS alone, on a network that loses messages
	@$(BIN)/microimps demo-sms $(ARGS)

test: ready ## all tests; ARGS="-k wbxml" for some
	@$(BIN)/python -m pytest $(ARGS)

lint: ready ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m microimps.tools.stage --links build/src
	$(BIN)/mypy

format: ready ## let ruff sort imports and lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

footprint: ready ## flash and heap of each feature set, measured now
	@$(BIN)/microimps footprint $(ARGS)

tokens: ready ## write the element and value numbers from their tables
	$(BIN)/python -m microimps.tools.generate

modules: ready ## write what follows from tools/modules.py and the docs
	$(BIN)/python -m microimps.tools.modules --write
	$(BIN)/python -m microimps.tools.names --write

lock: ready ## pin the newest releases in requirements.lock
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --all-extras --upgrade \
		--generate-hashes --no-header --output-file requirements.lock pyproject.toml

clean: ## remove .venv and everything built
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

ready:
	@$(PYTHON) tools/bootstrap.py
