# Every command a person needs. `make` lists them.
#
# PYTHON    the interpreter the virtual environment is made with (3.11, 3.12 or 3.13)
# ARGS      options for the command behind a target: make demo ARGS="--for 60s --json"

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo up bench bench-audit bench-nightly bench-shop bench-console bench-propagation profile peers locust faults soak screenshots test test-all test-postgresql lint format types imports lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUN_STAMP) ## the whole product on a shop's orders, live in the terminal (ARGS="--for 60s --json --orders PATH")
	@$(BIN)/python -m demo $(ARGS)

up: $(RUN_STAMP) ## control plane, fleet, shipper and gateway over ./var, without the demo's shoppers
	@$(BIN)/signalbox init && $(BIN)/signalbox up $(ARGS)

bench: $(RUN_STAMP) ## gateway against BentoML, MLServer, Envoy, Triton, Ray Serve (ARGS="--quick", "--no-peers")
	@$(BIN)/python -m load_tests.bench $(ARGS)

bench-audit: $(RUN_STAMP) ## a million events in the register, fifty million decisions in the lake (ARGS="events" or "decisions")
	@$(BIN)/python -m load_tests.bench_audit $(ARGS)

bench-nightly: $(RUN_STAMP) ## a night over ten million order lines, beside plain pandas (ARGS="--lines 1000000")
	@$(BIN)/python -m load_tests.bench_nightly $(ARGS)

bench-shop: $(DEV_STAMP) ## a shop's sync, a storm of its webhooks and a redaction drill, all killed on the way (ARGS="webhooks --deliveries 5000")
	@$(BIN)/python -m load_tests.bench_shop $(ARGS)

locust: $(RUN_STAMP) ## shoppers to watch in a browser (ARGS="flash-sale": or ramp, rollback, bento-down, steady)
	@$(BIN)/python -m load_tests.locust_scenario $(ARGS)

profile: $(RUN_STAMP) ## where each microsecond of a request goes, step by step
	@$(BIN)/python -m load_tests.microseconds $(ARGS)

bench-propagation: $(RUN_STAMP) ## from the commit of a change to each worker's first decision by it, under faults (ARGS="--quick")
	@$(BIN)/python -m load_tests.bench_propagation $(ARGS)

peers: $(RUN_STAMP) ## the environments of those it is compared with, 2 GB (`make bench` makes what is missing)
	@$(BIN)/python -m load_tests.peer_environments $(ARGS)

faults: $(DEV_STAMP) ## what callers see while something breaks, fault by fault (ARGS="--only NAME,NAME")
	@$(BIN)/python -m load_tests.faults $(ARGS)

soak: $(RUN_STAMP) ## ten minutes of good and bad requests, memory watched (ARGS="--minutes 30")
	@$(BIN)/python -m load_tests.soak $(ARGS)

bench-console: $(DEV_STAMP) ## from the API's answer to what two open pages show (needs Chromium; ARGS="--changes 200")
	@$(BIN)/python -m tests.control_plane.console.live_update $(ARGS)

screenshots: $(DEV_STAMP) ## the pictures of the console in docs/images/console, taken anew (needs Chromium)
	@$(BIN)/python -m tests.control_plane.console.screenshots

test: lint types imports ## what must be green before a change goes in (under ten minutes)
	$(BIN)/python -m pytest -q -m "not slow" -n 2 --dist loadfile $(ARGS)

test-all: lint types imports ## everything, the slow tests too, and the control plane's on PostgreSQL as well
	$(BIN)/python -m pytest -q $(ARGS)
	@$(MAKE) test-postgresql

# The control plane's own, and all others in which one with tables takes part.
ON_POSTGRESQL := tests/control_plane tests/gateway/shipper $(addprefix tests/acceptance/test_, \
	line.py doors.py local_kill.py personal_data.py storefront_doors.py)
test-postgresql: $(DEV_STAMP) ## all tests of the control plane with its tables in PostgreSQL, the slow ones too
	SIGNALBOX_TEST_DATABASE=postgresql $(BIN)/python -m pytest -q $(ON_POSTGRESQL) $(ARGS)

lint: $(DEV_STAMP) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV_STAMP) ## rewrite the code in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(DEV_STAMP) ## mypy, strict
	$(BIN)/mypy

imports: $(DEV_STAMP) ## who may import whom
	$(BIN)/lint-imports

# The locks carry hashes and no index address: they hold on any mirror.
LOCK := uv pip compile pyproject.toml --extra all --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --quiet
lock: ## resolve pyproject.toml into both locks (needs uv)
	$(LOCK) -o requirements.lock
	$(LOCK) --extra dev -c requirements.lock -o requirements-dev.lock

clean: ## remove environment and caches; ./var, with models and records, stays
	rm -rf $(VENV) .venv-peers build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf .import_linter_cache
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; \
	  sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11 to 3.13 is needed; $(PYTHON) is %d.%d. Name another: make PYTHON=python3.11 ..." % v[:2])'
	@echo "making $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing requirements.lock into $(VENV) (a minute or two the first time)" >&2
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps -e .
	@touch $@

$(DEV_STAMP): requirements-dev.lock $(RUN_STAMP)
	@echo "installing requirements-dev.lock into $(VENV)" >&2
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
