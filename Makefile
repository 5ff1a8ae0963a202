# What a person types here. Everything is installed into $(VENV); nothing outside this folder changes.
#
#   VENV           where to install                                      (default: .venv)
#   PYTHON         the interpreter to build it with, 3.11 to 3.13        (default: the first one found)
#   WORKERS        how many processes run the fast tests                 (default: one a core)
#   TORCH_INSTALL  what `pip install` is given to bring PyTorch          (default: torch==2.13.0)
#
# On Linux the registry's plain torch brings gigabytes of GPU packages. Without a GPU, give pip PyTorch's own CPU index
# (the install page of pytorch.org states its address):
#
#   make test TORCH_INSTALL="torch==2.13.0 --index-url ADDRESS"

VENV ?= .venv
DIST ?= dist
TORCH_INSTALL ?= torch==2.13.0
PYTEST_ARGS ?=
# Files of tests run side by side, one process a core and each with one thread; WORKERS=0 runs all in one.
WORKERS ?= auto
# A name on the PATH proves nothing (version managers leave stubs there), so each candidate is run.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3 python; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo "$$name" && break; done)

BIN := $(VENV)/bin
PIP_INSTALL := "$(BIN)/python" -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test test-full lint bench evaluation docs docs-serve wheel clean

help:
	@echo "make demo       judge a short passage with the model that comes in the box (first run: about a minute)"
	@echo "make test       install everything, then ruff, mypy and the fast tests"
	@echo "make test-full  the same with the slow tests"
	@echo "make lint       ruff and mypy alone"
	@echo "make bench      measure the limit of this machine and every peer beside ours (an hour; writes docs/benchmarks.md)"
	@echo "make evaluation show where the models fail (some minutes; writes docs/evaluation.md and its figures)"
	@echo "make docs       build the documentation site into build/site; a broken link fails"
	@echo "make docs-serve show it, built anew at each change of a page"
	@echo "make wheel      build the package into $(DIST)/"
	@echo "make clean      remove what these commands wrote, except $(VENV)"

demo: $(VENV)/.core
	@"$(BIN)/python" examples/demo.py

test: lint
	@OMP_NUM_THREADS=1 "$(BIN)/python" -m pytest -m "not full" --numprocesses $(WORKERS) --dist loadfile $(PYTEST_ARGS)

test-full: lint
	@"$(BIN)/python" -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.development
	@"$(BIN)/ruff" check .
	@"$(BIN)/ruff" format --check .
	@"$(BIN)/mypy"

bench: $(VENV)/.development
	@"$(BIN)/python" benchmarks/limit.py
	@"$(BIN)/python" benchmarks/peers.py --torch-install "$(TORCH_INSTALL)"

evaluation: $(VENV)/.development
	@"$(BIN)/python" docs/make_evaluation.py

docs: $(VENV)/.docs
	@NO_MKDOCS_2_WARNING=1 "$(BIN)/python" -m mkdocs build --quiet
	@echo "the site is in build/site: open build/site/index.html"

docs-serve: $(VENV)/.docs
	@NO_MKDOCS_2_WARNING=1 "$(BIN)/python" -m mkdocs serve

wheel: $(VENV)/.made
	@"$(BIN)/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$(DIST)" .
	@ls -l "$(DIST)"/crossjudge-*.whl

clean:
	@rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find src tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# Each step of the installation leaves a stamp in $(VENV), so that it runs once (and again when pyproject.toml changes).

$(VENV)/.made:
	@test -n "$(PYTHON)" || { \
		echo "crossjudge needs Python 3.11, 3.12 or 3.13, and none was found on the PATH." >&2; \
		echo "Install one, or say where it is: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@echo "making $(VENV) with $(PYTHON)"
	@"$(PYTHON)" -m venv "$(VENV)"
	@touch $@

$(VENV)/.core: pyproject.toml $(VENV)/.made
	@echo "installing crossjudge and its light core (no torch)"
	@$(PIP_INSTALL) --editable .
	@touch $@

# torch comes before everything that depends on it: left to the resolver, it would be the largest build there is.
$(VENV)/.torch: $(VENV)/.made
	@echo "installing PyTorch: $(TORCH_INSTALL)"
	@$(PIP_INSTALL) --upgrade "pip>=25.1"
	@$(PIP_INSTALL) $(TORCH_INSTALL)
	@touch $@

$(VENV)/.development: pyproject.toml $(VENV)/.torch
	@echo "installing crossjudge with every extra, the reference implementation and the test tools"
	@$(PIP_INSTALL) --editable ".[all]" --group test --group reference --group lint --group docs
	@touch $@ $(VENV)/.core

# The site needs no torch.
$(VENV)/.docs: pyproject.toml $(VENV)/.core
	@echo "installing what builds the documentation site"
	@$(PIP_INSTALL) --upgrade "pip>=25.1"
	@$(PIP_INSTALL) --group docs
	@touch $@
