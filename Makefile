# Everything that one does here. `make` alone lists it. Needs Python 3.11 or newer, and nothing running.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The first one that is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check

export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help install demo demo-no-broker bench bench-full bench-check bench-log bench-announcing bench-console up wheel wheel-test images try-oidc test test-long test-fast \
	adversary soundness coverage check lint format lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## set up .venv with everything pinned, and RabbitMQ; quick when nothing changed
	@$(BIN)/python -m saga.devstack.install

demo: install ## real orders through every order of arrival, with a crash in the middle; about half a minute
	@$(BIN)/saga demo

demo-no-broker: $(STAMP) ## the same with PostgreSQL alone, which needs no RabbitMQ: the quickest look; under half a minute
	@$(BIN)/saga demo --no-broker

bench: install ## how fast it is, beside its peers and the limits of the machine, in short; some five minutes
	@$(BIN)/python -m benchmarks $(ARGS)

bench-full: install ## the same at full size: 10,000,000 instances, an hour of load; some two hours and 30 GB of disk
	@$(BIN)/python -m benchmarks --full $(ARGS)

bench-check: $(STAMP) ## what a proof and a search cost, in processor time; half a minute
	@$(BIN)/python -m benchmarks.checking

bench-log: $(STAMP) ## what a module's log, following it and holes in a cursor cost; some five minutes
	@$(BIN)/python -m benchmarks.log $(ARGS)

bench-announcing: $(STAMP) ## what announcing outcomes costs the durable step; two minutes
	@$(BIN)/python -m benchmarks.announcing $(ARGS)

bench-console: $(STAMP) ## how long the console's pages take among 10,000,000 instances; half an hour, 30 GB; ARGS="--instances N"
	@$(BIN)/python -m benchmarks.console $(ARGS)

up: install ## run everything here in the foreground until Ctrl-C
	@$(BIN)/saga up

wheel: $(STAMP) ## build the wheel into dist/, for `saga new --wheel` and for projects of your own
	@$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/saga-*.whl

wheel-test: $(STAMP) ## what a plain `pip install` of the wheel can do, and a new project with its own; some minutes, downloads
	@PLAIN_INSTALL=1 $(BIN)/pytest tests/projects -n0 $(ARGS)

# deploy/try-images says what it takes from the environment, such as BUILD_OPTIONS.
images: $(STAMP) ## build the images with podman or docker, and send a message through real containers; some minutes
	@deploy/try-images

try-oidc: $(STAMP) ## try the console behind Apache with OpenID Connect, in a browser; a minute, downloads, Debian
	@deploy/try-oidc $(ARGS)

# Most tests wait for servers and processes, so three run at once; each of the three has its own servers.
test: install ## run all tests on private PostgreSQL and RabbitMQ; ARGS="tests/core -x -n0" narrows it down
	@$(BIN)/python -m tests.harness.chromium
	@$(BIN)/pytest -n 3 --dist worksteal -m "not long" $(ARGS)

test-long: install ## the tests that CI has no time for; some ten minutes
	@$(BIN)/pytest -n 3 --dist worksteal -m long $(ARGS)

test-fast: $(STAMP) ## the tests that need no server and no long process; under a minute
	@$(BIN)/pytest -n 2 --dist worksteal -m "static or pure" $(ARGS)

# Processes that diverge, processes that converge and pairs of versions, each confirmed by brute force.
soundness: $(STAMP) ## random processes that are proved, run through every history; minutes; ARGS="COUNT SEED"
	@$(BIN)/python -m tests.convergence.proof.soundness $(if $(ARGS),$(ARGS),20000)

adversary: $(STAMP) ## what the check catches of planted processes, and its false alarms; an hour; ARGS="--only NAME"
	@$(BIN)/python -m tests.adversary $(ARGS)

# The services that tests start are measured as well; at the end stands what no test reaches.
coverage: install ## all tests, with the branches that they reach: at least 90 %; ARGS as for test
	@$(BIN)/python -m tests.harness.chromium
	@$(BIN)/pytest -n 3 --dist worksteal --cov --cov-report=term --cov-report=html $(ARGS)

check: ## what CI runs: install, lint, test
	@bash .ci/run

lint: $(STAMP) ## static checks
	ruff check
	ruff format --check
	mypy
	lint-imports --no-cache
	check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	hadolint Dockerfile
	.ci/static

format: $(STAMP) ## put all code into the one format, and fix what can be fixed
	ruff check --fix-only
	ruff format

lock: $(STAMP) ## make all lock files match what is asked for, moving only what has to move
	$(BIN)/python .ci/locks.py --write

clean: ## remove .venv, caches and the data of local stacks
	rm -rf $(VENV) .bench .coverage* .saga .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist htmlcov
	find saga scheduler gateway_stub examples tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'saga needs Python 3.11 or newer: install it, or say where it is with PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(missing_venv); }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

# Debian keeps what makes an environment in a package of its own.
define missing_venv
	package="$$(basename "$(PYTHON)")-venv"; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing $$package" && apt-get update && apt-get install --yes --no-install-recommends "$$package"; \
	else \
		echo "$(PYTHON) cannot make a virtual environment: install the package $$package (on Debian: apt-get install $$package)" >&2; \
		exit 1; \
	fi
endef

$(STAMP): requirements/dev.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@# Byte code even where PYTHONDONTWRITEBYTECODE is set: without it each process takes two seconds longer to start.
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true
	@touch $@
