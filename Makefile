# `make run` starts everything, `make test` checks everything; both install what they need into .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate
# pip is slower, but knows the mirrors and certificates of pip's own settings, which uv does not read.
INSTALL = $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(1) || \
	{ echo "Trying again with pip"; $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); }
export UV_PYTHON_DOWNLOADS := never
# Who forbids Python to keep what it has compiled lets each of our processes compile all of Django anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-unit format lock messages openapi
.DEFAULT_GOAL := run

run: $(VENV)/.run-installed
	@exec $(BIN)/python -m pcc_console.up

test: $(VENV)/.dev-installed
	@exec $(BIN)/python .ci/stages.py

# The quick half while you work: no browser, no killed processes.
test-unit: $(VENV)/.dev-installed
	@exec $(BIN)/python -m common.supervision with-servers -- $(BIN)/pytest -q -n 2 -m "not browser and not fault"

format: $(VENV)/.dev-installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# After a change of dependencies in pyproject.toml. Newer versions only with UPGRADE=--upgrade.
lock: $(VENV)/.tools-installed
	$(LOCK) $(UPGRADE) requirements/tools.in -o requirements/tools.lock
	$(LOCK) $(UPGRADE) --extra local pyproject.toml -o requirements/run.lock
	$(LOCK) $(UPGRADE) --extra local --extra dev pyproject.toml -o requirements/dev.lock

# Collect the texts to translate into locale/ and compile the translations: docs/translation.md.
messages: $(VENV)/.dev-installed
	@exec $(BIN)/python manage.py makemessages

# Write the description of the REST API into docs/, where it is kept and compared.
openapi: $(VENV)/.dev-installed
	@exec $(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

$(VENV)/.run-installed: $(VENV)/.tools-installed requirements/run.lock
	@echo "Installing the packages of requirements/run.lock"
	@$(call INSTALL,requirements/run.lock)
	@touch $@

$(VENV)/.dev-installed: $(VENV)/.tools-installed requirements/dev.lock
	@echo "Installing the packages of requirements/dev.lock"
	@$(call INSTALL,requirements/dev.lock)
	@touch $@

$(VENV)/.tools-installed: requirements/tools.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "PCC Console needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "A virtual environment could not be made. On Debian and Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.lock
	@touch $@
