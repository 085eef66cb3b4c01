# Thin targets; each sets up what it needs. `make` without a target lists them.
# With PYTHON=/path/or/name a target uses an environment of that version of Python, beside the one in .venv.
PYTHON3 := $(or $(PYTHON),python3)
READY := .venv$(if $(PYTHON),-$(or $(shell $(PYTHON) -c 'import platform; print(platform.python_version())'),\
$(error PYTHON=$(PYTHON) does not start)))/.ready
BIN := $(dir $(READY))bin
# Pods that the end-to-end laws generate; make matrix tries more.
N ?= 100
# The version of Kubernetes that the end-to-end tests run on, else the newest that they know.
K8S ?= $(PODTAILOR_K8S)
export PODTAILOR_K8S := $(K8S)
# Programs in Go, such as an API server, collect garbage less often: a fifth less CPU, for a little memory.
export GOGC ?= 400
# Also if the environment forbids it: each process that a test starts would compile again what has not changed.
export PYTHONDONTWRITEBYTECODE :=
# CI checks a clean clone each time: what mypy knows, and what is installed for a Python, stays for the next one.
ifdef CI
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/podtailor
ifeq ($(words $(CACHE)) $(shell mkdir -p "$(CACHE)/environments" "$(CACHE)/mypy" && echo made),1 made)
export MYPY_CACHE_DIR ?= $(CACHE)/mypy
KEPT := $(shell cat requirements/dev.txt requirements/uv.txt | $(PYTHON3) -c 'import hashlib, platform, sys, sysconfig as of; print(platform.python_version(), of.get_config_var("SOABI"), hashlib.md5(sys.stdin.buffer.read()).hexdigest(), sep="-")')
KEPT := $(if $(KEPT),$(CACHE)/environments/$(KEPT).tar)
endif
endif
# Those that make unit runs, else all; make check-pythons names some.
TESTS :=
UNIT := -m "not e2e and not soak" $(TESTS)
# What make check leaves to make check-elsewhere, on the Python of the image if there is one: what a server holds in memory.
MEMORY := $(patsubst %,--ignore=tests/server/test_%.py,memory long_values)
# What everybody's Pods depend on, with the laws: its coverage is measured in a run of its own, of few generated
# examples. To measure it while all tests run takes half as long again; test_decoding starts processes instead.
CORE := tests/engine tests/edits tests/model tests/laws/test_laws.py --ignore=tests/model/test_decoding.py
# The longest end-to-end modules.
LONG := $(patsubst %,tests/e2e/test_%.py,docs permissions audit helm audit_false_positives certs accepted_pods)

.DEFAULT_GOAL := help
.PHONY: help run check lint coverage check-elsewhere unit laws check-pythons test e2e matrix e2e-node e2e-usage e2e-images e2e-export node scale neighbours bench bench-check soak demo image generate lock release-check clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

run: $(READY) ## Serve with temporary certificates and show what happens to an example Pod
	$(BIN)/podtailor serve --dev

check: $(READY) ## Lint, types, unit tests and laws, with coverage of the core (two minutes)
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint coverage
	$(BIN)/pytest -q -n auto $(UNIT) $(MEMORY)

lint: $(READY) ## Lint and types
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/hadolint Dockerfile
	$(BIN)/mypy

coverage: $(READY) ## What tests of the core cover of it (a quarter of a minute)
	PODTAILOR_EXAMPLES=0.1 $(BIN)/pytest -q $(CORE) --cov

check-elsewhere: $(READY) ## All unit tests, on another day, in another zone and locale, as another user (two minutes)
	$(BIN)/python -m tests.elsewhere

unit: $(READY) ## All unit tests and laws, those of memory too; make unit PYTHON=python3.12 on that Python
	$(BIN)/pytest -q -n auto $(UNIT)

laws: $(READY) ## Generated tests with twenty times as many examples as make check (ten minutes)
	PODTAILOR_EXAMPLES=20 $(BIN)/pytest -q -n auto -m "hypothesis and not e2e and not soak"

check-pythons: $(READY) ## Unit tests of what meets files, clusters and users, on the other Pythons (a minute)
	nice $(BIN)/python -m tests.pythons

test: $(READY) ## Everything; the first run builds a control plane (ten minutes)
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint coverage
	$(MAKE) --no-print-directory check-elsewhere
	@# What keeps all processors busy takes longer beside others; end-to-end tests wait an eighth of their time
	$(MAKE) --no-print-directory --jobs=2 --output-sync=line e2e check-pythons release-check

e2e: $(READY) ## Tests against a real API server; make e2e K8S=1.34 for another version, N=5000 for the long run
	@# the longest first, so that all workers end together
	PODTAILOR_E2E_PODS=$(N) $(BIN)/pytest -q -m "e2e and not soak" -n auto --dist loadfile --no-loadscope-reorder \
	$(LONG) tests/e2e tests/browser tests/completion

matrix: N = 300
matrix: $(READY) ## Try every version of Kubernetes, K8S=1.34 one of them; writes docs/kubernetes.md (four minutes each)
	PODTAILOR_E2E_PODS=$(N) $(BIN)/python -m tests.e2e.matrix $(K8S)

e2e-node: $(READY) ## Tests on a real Node, in an emulated machine; not in make test (half an hour)
	$(BIN)/pytest -q -s -m soak tests/e2e/node

e2e-usage: $(READY) ## Tests of measured usage on a real Prometheus and VictoriaMetrics; not in make test (two minutes)
	$(BIN)/pytest -q -m soak tests/e2e/usage

e2e-images: $(READY) ## Tests of platforms of images on the reference registry; not in make test (half a minute)
	$(BIN)/pytest -q -m soak tests/e2e/images

e2e-export: N = 5000
e2e-export: $(READY) ## Exported policies against the engine, on 5,000 Pods, broken on purpose, over restarts; not in make test (ten minutes)
	PODTAILOR_E2E_PODS=$(N) $(BIN)/pytest -q -m "e2e or soak" tests/e2e/export

node: $(READY) ## Run a control plane and a real Node on this machine, with podtailor; Ctrl-C ends it
	@$(BIN)/python -m tests.e2e.node.demo

scale: $(READY) ## Measure 10,000 namespaces, 2,000 policies and 10,000 Pods (fifteen minutes)
	PODTAILOR_SCALE_NAMESPACES=10000 PODTAILOR_SCALE_POLICIES=2000 PODTAILOR_SCALE_PODS=10000 \
	$(BIN)/pytest -q -s -m "e2e or soak" tests/e2e/test_scale.py tests/e2e/test_audit_scale.py

neighbours: N = 500
neighbours: $(READY) ## Pods beside other webhooks and controllers, in both orders; prints who wins each field
	PODTAILOR_E2E_PODS=$(N) $(BIN)/pytest -q -s -m soak tests/e2e/neighbours

bench: $(READY) ## Measure podtailor against the alternatives; writes bench/ (half an hour)
	$(BIN)/python -m bench

bench-check: $(READY) ## Whether a review costs more CPU than before, as a ratio to a bare server (a minute)
	$(BIN)/python -m bench check

soak: $(READY) ## What make test leaves out, for it takes long: reliability, image, pipelines, every page of the report (half an hour)
	PODTAILOR_ABUSE_SCALE=1 PODTAILOR_SOAK_REVIEWS=500000 PODTAILOR_ROLLOUT_SECONDS=120 \
	$(BIN)/pytest -q -s -m "e2e or soak" tests/soak tests/e2e/test_rollout.py tests/e2e/test_self_healing.py tests/image
	$(BIN)/pytest -q -m soak tests/server tests/browser tests/pipelines tests/e2e \
	$(addprefix --ignore=tests/e2e/,export node usage images neighbours test_rollout.py test_self_healing.py test_scale.py)

demo: $(READY) ## Run a control plane on this machine, with podtailor and examples; USAGE=1 adds a week of usage, IMAGES=1 a registry; Ctrl-C ends it
	@$(BIN)/python -m tests.e2e.demo $(if $(USAGE),--usage) $(if $(IMAGES),--images)

image: $(READY) ## Build the container image, with docker, podman or neither
	@$(BIN)/python -m tests.image.build

generate: $(READY) ## Generate the CRDs, the compiled policies, what the chart has of them, and pages of docs/ that are written by the code
	$(BIN)/python -m tools.policies
	$(BIN)/python -m tools.crds
	$(BIN)/python -m tools.chart
	$(BIN)/python -m tools.messages
	$(BIN)/python -m tools.completion
	$(BIN)/python -m tools.reference
	$(BIN)/python -m tests.e2e.matrix.page

lock: $(READY) ## Update the pinned versions and hashes in requirements/
	$(LOCK) pyproject.toml -o requirements/runtime.txt
	$(LOCK) pyproject.toml --extra dev -c requirements/runtime.txt -o requirements/dev.txt
	echo "uv>=0.9" | $(LOCK) - -o requirements/uv.txt
	printf 'hatchling>=1.27\ncyclonedx-bom>=7\n' | $(LOCK) - -c requirements/dev.txt -o requirements/build.txt

release-check: $(READY) ## Build wheel and sdist into dist/, install them in a clean environment and try them
	@nice $(BIN)/python -m tests.release

PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check
UV = $(BIN)/uv pip install --quiet --python $(BIN)/python
SELDOM = kubernetes/(aio|client/api|client/models)|mypy|mypyc|pip|playwright|pygments/lexers|setuptools
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links

# With PYTHON=... also the one in .venv, if it is asked for by its name.
ENVIRONMENTS := $(sort $(READY) .venv/.ready)
$(ENVIRONMENTS): BIN = $(@D)/bin
$(ENVIRONMENTS): requirements/dev.txt requirements/uv.txt pyproject.toml
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 .venv/.ready" >&2; exit 2; }
	$(if $(KEPT),rm -rf $(@D))
ifneq ($(wildcard $(KEPT)),)
	mkdir $(@D)
	tar -xf $(KEPT) -C $(@D)
	touch $(KEPT)
	$(PYTHON3) -m venv --without-pip $(@D)
	@# commands name the Python that they were installed for
	sed -i '1s|^#!.*/bin/python|#!$(abspath $(BIN))/python|' $$(grep -lI '^#!.*/bin/python' $(BIN)/*)
else
	$(PYTHON3) -m venv $(@D)
	@# uv takes a tenth of pip's time; pip is the fallback if only pip is configured with a mirror
	$(PIP) install --require-hashes -r requirements/uv.txt
	$(UV) --require-hashes -r requirements/dev.txt || $(PIP) install --require-hashes -r requirements/dev.txt
	@# commands start in half the time, also if Python may not write bytecode itself; tests start hundreds
	@# but for what they import little of, or nothing: two thirds of it
	$(BIN)/python -m compileall -q -j 0 -x '/($(SELDOM))/' $(@D)/lib
	$(if $(KEPT),-new=$$(mktemp $(KEPT).XXXXXX) && tar -cf $$new -C $(@D) --mode=go+rX --exclude='./bin/python*' . && mv $$new $(KEPT))
	$(if $(KEPT),-find $(CACHE)/environments -type f -mtime +2 -delete)
endif
	$(PIP) install --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q webhook certs
	@touch $@

clean: ## Remove what the targets created here (what is built of others stays in your cache)
	rm -rf .venv .venv-* dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -prune -exec rm -rf {} +
