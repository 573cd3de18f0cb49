PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo demo-sms test lint format docs footprint footprint-chart conformance \
	trial-sample tokens modules lock ready clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ready ## two clients and a simulated service, end to end
	@$(BIN)/microimps demo $(ARGS)

demo-sms: ready ## the same over SMS alone, on a network that loses messages
	@$(BIN)/microimps demo-sms $(ARGS)

test: ready ## all tests; ARGS="-k wbxml" for some
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

lint: ready ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m microimps.tools.stage --links build/src
	$(BIN)/mypy

format: ready ## let ruff sort imports and lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: ready ## the documentation as a site, in build/site
	$(BIN)/python -m microimps.tools.stage --links build/src
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

footprint: ready ## flash and heap of each feature set, measured now
	@$(BIN)/microimps footprint $(ARGS)

footprint-chart: ready ## docs/footprint.svg, with the peers in build/peers: minutes
	@$(BIN)/microimps footprint --heaps --svg docs/footprint.svg $(ARGS)

conformance: ready ## docs/conformance.md, from the code and what the tests see on the wire
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not long" \
		--conformance tools/conformance/tested.csv --ignore tests/host/test_conformance.py \
		--ignore tests/host/test_sim_fuzz.py tests/core tests/host
	$(BIN)/python -m microimps.tools.conformance.report

trial-sample: ready ## docs/trial-sample.html, from a simulated trial of two minutes
	rm -f build/trial-sample.sqlite*
	$(BIN)/microimps trial run docs/trial-sample.toml --journal build/trial-sample.sqlite
	$(BIN)/microimps trial report build/trial-sample.sqlite --out docs/trial-sample.html

tokens: ready ## write the element and value numbers from their tables
	$(BIN)/python -m microimps.tools.generate

modules: ready ## write what follows from tools/modules.py and the docs
	$(BIN)/python -m microimps.tools.modules --write
	$(BIN)/python -m microimps.tools.names --write
	$(BIN)/python -m microimps.tools.stubs --write

lock: ready ## pin the newest releases in requirements.lock
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --all-extras --upgrade \
		--generate-hashes --no-header --output-file requirements.lock pyproject.toml

clean: ## remove .venv and everything built
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

ready:
	@$(PYTHON) tools/bootstrap.py
