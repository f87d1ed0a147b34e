# Everything that a checkout can do. `make help` lists it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ENV := $(VENV)/.ready
CACHE ?= .pytest_cache
PYTEST := $(BIN)/pytest -o cache_dir=$(CACHE)

.DEFAULT_GOAL := help

# Constraints that the environment is made from, and that pip finds in it again when the tests install something.
PINS := $(VENV)/constraints.txt
PIP := PIP_CONSTRAINT=$(PINS) PIP_BUILD_CONSTRAINT=$(PINS) $(BIN)/python -m pip
INSTALL := $(PIP) install --quiet --disable-pip-version-check

$(ENV): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kgen needs Python 3.11 or newer; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(if $(LATEST),: > $(PINS),$(if $(LOWEST),$(BIN)/python -m tests.pins --lowest > $(PINS),cp constraints.txt $(PINS)))
	$(INSTALL) --upgrade "pip>=25.1"
	$(INSTALL) $(if $(LATEST),--upgrade --upgrade-strategy eager) --editable '.[generator]' --group dev
	@touch $@

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: $(ENV) ## Set up the environment, then generate kubeclient from specs/ with `kgen build`
	$(BIN)/kgen build

.PHONY: golden
golden: $(ENV) ## Write the packages of tests/golden again; their diff shows what a change of templates does
	$(BIN)/python -m tests.golden_packages

.PHONY: check
check: $(ENV) ## Prove that generated/ is what specs/ and templates/ produce
	$(BIN)/kgen check

.PHONY: api-check
api-check: $(ENV) ## Fail if the public API changed incompatibly since the last release, without a fragment of the changelog
	$(BIN)/python -m tools.api_check

.PHONY: format
format: $(ENV) ## Format and fix what a tool can
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format

.PHONY: sync
sync: $(ENV) ## Derive the synchronous modules of kubecore, and the tables of modules in docs/architecture.md
	$(BIN)/python tools/async_to_sync.py
	$(BIN)/python -m tools.module_tables
	$(BIN)/python -m tools.unsure_table

.PHONY: lint
lint: $(ENV) ## Format check, lint, derived modules, import rules, wording, bandit
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/python tools/async_to_sync.py --check
	$(BIN)/lint-imports
	$(BIN)/python -m tools.prose
	$(BIN)/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml core generator generated

.PHONY: audit
audit: $(ENV) ## Ask what is known of holes in the dependencies (needs the network); LOWEST=1 VENV=.venv-lowest of the oldest
	$(INSTALL) --group audit
	$(BIN)/pip-audit --local --skip-editable

.PHONY: types
types: $(ENV) ## mypy and pyright, generated code included
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

.PHONY: unit
unit: $(ENV) ## The tests alone; ARGS="-k word" for some of them; LOWEST=1 VENV=.venv-lowest with the oldest dependencies
	$(PYTEST) $(ARGS)

.PHONY: quick
quick: $(ENV) ## The tests of a minute, without Go: no real server, no real pauses, few builds and processes; ARGS as above
	$(PYTEST) -q -m "not slow and not thorough and not server" $(ARGS)

.PHONY: again
again: $(ENV) ## Run failed tests once more, if .ci/second-chance.txt names all of them
	$(BIN)/python -m tests.second_chance $(CACHE)

.PHONY: test
test: lint types check api-check unit ## Everything: lint, types, `kgen check`, the public API, all tests

.PHONY: latest
latest: ## `make test` with the newest releases of everything instead of the pinned ones, in .venv-latest
	rm -f .venv-latest/.ready
	$(MAKE) test VENV=.venv-latest LATEST=1

.PHONY: pins
pins: ## Renew constraints.txt and print which versions changed (needs Python 3.11, 3.12 and 3.13)
	$(PYTHON) -m tests.pins

.PHONY: release-check
release-check: $(ENV) ## Build the distributions twice, compare them and check the versions; leaves them in dist/
	$(BIN)/python -m tools.release_check

.PHONY: changelog
changelog: $(ENV) ## Move the fragments of changelog.d into CHANGELOG.md, below the version of the project; ARGS=--draft prints them
	$(BIN)/towncrier build $(or $(ARGS),--yes)

.PHONY: docs
docs: $(ENV) ## Build the site of the documentation in build/site, without the network
	$(BIN)/python -m tools.site

.PHONY: cluster
cluster: $(ENV) ## Start a real kube-apiserver and wait (needs Go); prints how to reach it
	$(BIN)/python -m tests.cluster $(ARGS)

.PHONY: specs
specs: $(ENV) ## Capture specs/ from an API server of each version (needs Go; a first build takes minutes)
	$(BIN)/python -m tests.cluster.specs $(ARGS)

PEERS := .cache/peers/.ready

.PHONY: peers
peers: $(PEERS) ## Install the other clients in .cache/peers; tests then run their programs of docs/coming-from

$(PEERS): tests/pages/peers.txt
	$(PYTHON) -m venv --clear .cache/peers
	.cache/peers/bin/python -m pip install --quiet --disable-pip-version-check -r tests/pages/peers.txt
	@touch $@

.PHONY: torture
torture: $(ENV) ## Faults and hostile bytes against the transport; ARGS="NAME --n N --seed S" for one command
	$(BIN)/python -m tests.torture $(or $(ARGS),all)

.PHONY: torture-peers
torture-peers: $(ENV) ## The same bad responses against other clients, as a table
	$(BIN)/python -m tests.torture.peers

.PHONY: bench
bench: $(ENV) ## Measure against the peers; writes benchmarks/RESULTS.md; ARGS="real --only list" for a part
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: clean
clean: ## Remove environments and caches
	rm -rf $(VENV) $(VENV)-* .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist
