# make demo [ARGS="--once"]   two sandboxes and the agent on this machine, linked and synchronised
# make test                   every test (ARGS are pytest's)
# make coverage               the same, with branch coverage
# make test-long              all long profiles: rounds, arrivals, rounds over HTTP, crash, fuzz, soak (an hour or more)
# make check                  format, lint and types
# make faults                 draws 220 small mistakes and counts what the tests notice (ARGS="--seed 7 --count 50 sync store")
# make planted [ARGS="S2 D8"] plants small mistakes, rule by rule: the rule's own tests have to notice each
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
.PHONY: help demo test coverage test-long check conformity format faults planted

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

demo: $(RUNTIME)
	@$(BIN)/python -m agent demo $(ARGS)

test: $(DEV)
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

coverage:
	@$(MAKE) --no-print-directory test ARGS="--cov --cov-report=term $(ARGS)"

# A failure names the seed of its history. HRA_XERO_SEEDS and HRA_XERO_HTTP_SEEDS change how many are played. The soak
# measures its own process, so it runs alone; -s shows its figures.
LONG := tests/history/test_rounds.py tests/history/test_arrivals.py tests/history/test_http_rounds.py \
	tests/crash tests/disk tests/unknown tests/edge/test_retries.py tests/fuzz
test-long: $(DEV)
	@echo "Rounds with an oracle: 4 settings of 500 histories each, with faults and kills at any call"
	@echo "Arrivals: 3 settings of 300 histories each: nobody twice"
	@echo "Rounds over HTTP: 12 histories of the real clients on both sandboxes"
	@echo "Crash, disk, unknown outcomes: every point at which something can break; fuzz: 100,000 requests"
	HRA_XERO_LONG=1 $(BIN)/python -m pytest -n $(WORKERS) --durations=20 $(LONG) $(ARGS)
	@echo "Soak: 20,000 saves of 500 employees in one process"
	HRA_XERO_LONG=1 $(BIN)/python -m pytest -n 0 -s tests/soak $(ARGS)

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# HRA_XERO_SEED (or --seed) draws the same mistakes again.
faults: $(DEV)
	@FAULT_WORKERS=$(WORKERS) $(BIN)/python -m tests.faults.drawn $(ARGS)

planted: $(DEV)
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
