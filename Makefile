# Thin targets; each sets up what it needs. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Pods that the end-to-end laws generate.
N ?= 300

.DEFAULT_GOAL := help
.PHONY: help run check test e2e lock clean

help: ## List the targets
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: $(READY) ## Serve with throwaway certificates; shows what happens to an example Pod
	$(BIN)/podtailor serve --dev

check: $(READY) ## Lint, types, unit tests and laws: under a minute
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/pytest -q -n auto -m "not e2e"

test: check e2e ## Everything; the first run builds a control plane (ten minutes)

e2e: $(READY) ## Against a real API server; make e2e N=5000 for the long run
	PODTAILOR_E2E_PODS=$(N) $(BIN)/pytest -q -m e2e tests/e2e

lock: $(READY) ## Write requirements*.txt anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) -o requirements.txt
	$(LOCK) --extra dev -c requirements.txt -o requirements-dev.txt

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links pyproject.toml

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean: ## Remove what the targets made in this folder (the built control plane stays in the user's cache)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
