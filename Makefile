# Two commands for a newcomer: `make demo` and `make test`. Each makes .venv when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test check format soak container eval clean
.DEFAULT_GOAL := help

help: ## show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Newsward needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## watch the whole pipeline work on the bundled sample
	@$(BIN)/newsward demo

test: $(STAMP) ## the tests
	@$(BIN)/python -m pytest

check: $(STAMP) ## format, lint, types, import contracts, docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest tests/docs

format: $(STAMP) ## put the code in its form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

soak: $(STAMP) ## the long tests: kills, mutations, a simulated month
	@$(BIN)/python -m pytest -m soak --timeout 3600

container: $(STAMP) ## build the image and try it (as root; Debian's podman, crun and debootstrap; or BASE=image)
	@$(BIN)/python -m pytest -m container --capture=no tests/container

eval: $(STAMP) ## quality on the labelled sets below $$NEWSWARD_DATA
	@if [ -z "$$NEWSWARD_DATA" ]; then \
		echo "eval SKIPPED: NEWSWARD_DATA does not name a folder of labelled sets" >&2; \
	else \
		$(BIN)/newsward eval match "$$NEWSWARD_DATA/matching" --floors tests/quality/floors.toml && \
		$(BIN)/newsward eval dedup "$$NEWSWARD_DATA/dedup" --floors tests/quality/floors.toml; \
	fi

clean: ## remove what the targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-data
