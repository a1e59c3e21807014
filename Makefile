# Each target works alone on a machine with Python 3.11 (to 3.13), make and a C compiler:
# it creates .venv, installs what it needs, and does its job. Nothing is installed outside .venv.
#
#   make demo       replay the demo subject and watch the estimates; needs no torch
#   make test       the tests        make test-all   also those that take minutes
#   make lint       all static checks
#   make bench      latency benchmarks
#   make clean      remove .venv and caches
#
# PYTHON       interpreter to build .venv with
# TORCH_INDEX  index to take torch from first: PyTorch's own index of CPU wheels, say
# DEMO_FLAGS   further options for the demo, e.g. DEMO_FLAGS="--duration 5 --report out.json"
# WORKERS      processes that test files are shared out to; 0 for none beside pytest's own
# PYTEST_FLAGS further options for pytest, e.g. PYTEST_FLAGS="-x tests/streamer"

PYTHON ?= python3
TORCH_INDEX ?=
DEMO_FLAGS ?=
WORKERS ?= auto
PYTEST_FLAGS ?=

# By files: fixtures of a module are made once. More than four would want more memory than speed.
SHARED := -n $(WORKERS) --maxprocesses 4 --dist loadfile

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check

# What is installed, as files younger than what they were made from. The development
# requirements contain the base, so `make demo` after `make test` installs nothing.
MADE := $(VENV)/.made
BASE := $(VENV)/.base
DEV := $(VENV)/.dev

TORCH := $(shell sed -n 's/^dev = .*//; s/.*"\(torch==[^"]*\)".*/\1/p' pyproject.toml | head -n 1)

TORCH_TENSORRT := $(shell sed -n '/^dev = /q; s/.*"\(torch-tensorrt==[^"]*\)".*/\1/p' pyproject.toml)

# What runs on Windows, too, as far as types tell: no call that is missing there.
INSTALLED := sim_bridge inference streamer configs run_realtime.py

.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint bench clean

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

demo: $(BASE)
	@$(PY) run_realtime.py $(DEMO_FLAGS)

test: $(DEV)
	@$(PY) -m pytest $(SHARED) $(PYTEST_FLAGS)

test-all: $(DEV)
	@$(PY) -m pytest $(SHARED) -m "slow or not slow" $(PYTEST_FLAGS)

lint: $(DEV)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m mypy --platform win32 --cache-dir .mypy_cache/windows $(INSTALLED)
	@$(VENV)/bin/lint-imports --no-logo
	@$(PY) -m codespell_lib .

bench: $(DEV)
	@$(PY) -m pytest benchmarks --benchmark-only -m "slow or not slow" $(PYTEST_FLAGS)

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(MADE):
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "make: no $(PYTHON) here; install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $$("$(PYTHON)" --version 2>&1) is too old; name a newer one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make: $(PYTHON) has no venv module; install it (Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "creating $(VENV) with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@touch $@

$(BASE): pyproject.toml $(MADE)
	@echo "installing the base into $(VENV), minutes the first time"
	@$(PIP) install --quiet --editable .
	@touch $@

$(DEV): pyproject.toml $(MADE)
	@echo "installing the base, the tests' tools and $(TORCH) into $(VENV), minutes the first time"
	@if [ -n "$(TORCH_INDEX)" ]; then $(PIP) install --quiet --index-url "$(TORCH_INDEX)" "$(TORCH)"; fi
	@$(PIP) install --quiet --editable ".[dev]"
	@$(PIP) install --quiet --no-deps "$(TORCH_TENSORRT)" || \
	  echo "no $(TORCH_TENSORRT) for this machine: the test that reads its list of converters will skip" >&2
	@touch $(BASE) $@
