# Everything that a checkout can do. `make help` lists it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ENV := $(VENV)/.ready

.DEFAULT_GOAL := help

$(ENV): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kgen needs Python 3.11 or newer; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(if $(LOWEST),$(BIN)/python -m tests.lowest > $(VENV)/lowest.txt)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[generator]' --group dev \
		$(if $(LOWEST),--constraint $(VENV)/lowest.txt)
	@touch $@

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: $(ENV) ## Set up the environment, then generate kubeclient from specs/ with `kgen build`
	$(BIN)/kgen build

.PHONY: check
check: $(ENV) ## Prove that generated/ is what specs/ and templates/ produce
	$(BIN)/kgen check

.PHONY: format
format: $(ENV) ## Format and fix what a tool can
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format

.PHONY: lint
lint: $(ENV) ## Format check, lint, import rules, bandit
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml core generator generated

.PHONY: audit
audit: $(ENV) ## Ask what is known of holes in the dependencies (needs the network); LOWEST=1 VENV=.venv-lowest of the oldest
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group audit
	$(BIN)/pip-audit --local --skip-editable

.PHONY: types
types: $(ENV) ## mypy and pyright, generated code included
	$(BIN)/mypy
	$(BIN)/pyright

.PHONY: unit
unit: $(ENV) ## The tests alone; ARGS="-k word" for some of them; LOWEST=1 VENV=.venv-lowest with the oldest dependencies
	$(BIN)/pytest $(ARGS)

.PHONY: again
again: $(ENV) ## The tests that were red the last time
	$(BIN)/pytest --last-failed --last-failed-no-failures=none

.PHONY: test
test: lint types check unit ## Everything: lint, types, `kgen check`, all tests

.PHONY: cluster
cluster: $(ENV) ## Start a real kube-apiserver and wait (needs Go); prints how to reach it
	$(BIN)/python -m tests.cluster $(ARGS)

.PHONY: specs
specs: $(ENV) ## Capture specs/ from an API server of each version (needs Go; a first build takes minutes)
	$(BIN)/python -m tests.cluster.specs $(ARGS)

.PHONY: torture
torture: $(ENV) ## Faults and hostile bytes against the transport; ARGS="NAME --n N --seed S" for one command
	$(BIN)/python -m tests.torture $(or $(ARGS),all)

.PHONY: torture-peers
torture-peers: $(ENV) ## The same bad answers against other clients, as a table
	$(BIN)/python -m tests.torture.peers

.PHONY: bench
bench: $(ENV) ## Measure against the peers; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

.PHONY: clean
clean: ## Remove environments and caches
	rm -rf $(VENV) $(VENV)-3.* .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist
