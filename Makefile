# Everything on a machine that has Python 3.11 or newer and make.
# The environment is .venv; it is made anew when pyproject.toml or constraints.txt change.
.POSIX:
PYTHON = python3
SECONDS = 600
BIN = .venv/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input -c constraints.txt
CHECKED = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
  { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12" >&2; exit 2; }
SUM = cat pyproject.toml constraints.txt | cksum | cut -d ' ' -f 1
CLEAN = { rm -f .venv/made-* .venv/tools-*; $(PYTHON) -m venv .venv; }

.PHONY: help demo sandbox test test-slow bench fuzz environment tools

help:
	@echo "make demo       two shops against the sandbox: a month of payouts, the life of an order"
	@echo "make sandbox    the sandboxes of the last demo, to go on with"
	@echo "make test       linter, types, mappings, tests"
	@echo "make test-slow  the tests that take long, then a minute of make fuzz"
	@echo "make bench      the benchmarks, each beside its yardstick"
	@echo "make fuzz       inputs that nobody meant, ten minutes of them (make fuzz SECONDS=60)"

demo: environment
	@$(BIN)/qliro-fortnox demo

sandbox: environment
	@$(BIN)/qliro-fortnox demo --sandbox-only

test: tools
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/qliro-fortnox lint --all
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not slow"

test-slow: tools
	$(BIN)/python -m pytest -n 3 --dist worksteal -m slow
	$(BIN)/python -m fuzz --seconds 60 --first 1

fuzz: tools
	$(BIN)/python -m fuzz --seconds $(SECONDS)

bench: tools
	$(BIN)/python -m benchmarks

environment:
	@$(CHECKED)
	@of=`$(SUM)`; if [ ! -e .venv/made-$$of ]; then \
	  echo "Making the environment in .venv …" && $(CLEAN) && $(INSTALL) -e ".[webhooks]" && \
	  : > .venv/made-$$of; \
	fi

tools:
	@$(CHECKED)
	@of=`$(SUM)`; if [ ! -e .venv/tools-$$of ]; then \
	  echo "Making the environment in .venv, with the tools for tests …" && \
	  { [ -e .venv/made-$$of ] || $(CLEAN); } && $(INSTALL) -e '.[dev]' && \
	  : > .venv/made-$$of && : > .venv/tools-$$of; \
	fi
