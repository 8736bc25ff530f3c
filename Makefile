# make demo [ARGS="--once"]   two sandboxes and the agent on this machine, linked and synchronised
# make test                   every test (ARGS are pytest's)
# make coverage               the same, with branch coverage
# make test-long              2,000 histories of rounds with an oracle (minutes; HRA_XERO_SEEDS changes how many)
# make check                  format, lint and types
# make faults [ARGS="S2 D8"]  plants small mistakes, rule by rule: the rule's tests have to notice each
# make conformity             both clients against mock servers of the vendors' own descriptions
# make format                 put the code into its format
#
# Each needs Python 3.11 or later and nothing else; the locked packages go into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
NODE_PACKAGES := tests/conformity/node_modules/.installed
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
# More than the cores of a small machine: many tests wait for a server now and then.
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help demo test coverage test-long check conformity format faults

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

demo: $(RUNTIME)
	@$(BIN)/python -m agent demo $(ARGS)

test: $(DEV)
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

coverage:
	@$(MAKE) --no-print-directory test ARGS="--cov --cov-report=term $(ARGS)"

# Every setting plays its 500 histories; a failure names the seed of its history.
test-long: $(DEV)
	HRA_XERO_LONG=1 $(BIN)/python -m pytest -n $(WORKERS) tests/history/test_rounds.py $(ARGS)

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

faults: $(DEV)
	@FAULT_WORKERS=$(WORKERS) $(BIN)/python -m tests.faults.plant $(ARGS)

# Where node is missing the tests skip and say so.
conformity: $(DEV)
	@if command -v npm >/dev/null 2>&1; then $(MAKE) --no-print-directory $(NODE_PACKAGES); fi
	$(BIN)/python -m pytest tests/conformity $(ARGS)

format: $(DEV)
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or later is needed; $(PYTHON) is older. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "Python's venv module is incomplete here. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.lock | $(VENV)/pyvenv.cfg
	$(PIP) -r requirements.lock
	@touch $@

$(DEV): requirements.lock requirements-dev.lock | $(VENV)/pyvenv.cfg
	$(PIP) -r requirements-dev.lock
	@touch $(RUNTIME) $@

$(NODE_PACKAGES): tests/conformity/package-lock.json
	cd tests/conformity && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
