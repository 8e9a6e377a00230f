# `make run` runs the default scenario on a fresh clone; `make test` holds it to what it says;
# `make slow` is the rest of what CI checks.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: run test check format lint types layers unit slow contracts proofs nightly mutants kill long mechanisms docs artifacts benchmarks clean

run: .venv/run
	$(BIN)/fedmerit run

test: check

# What reads the code and what runs the contracts each use one core: beside one another, and the tests on both after them.
check: .venv/dev node_modules/.package-lock.json
	$(MAKE) --jobs=2 --output-sync=target lint types layers contracts
	$(MAKE) unit

.venv/run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --editable .
	touch $@

.venv/dev: .venv/run
	$(PIP) --editable '.[dev]'
	touch $@

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/dev
	$(BIN)/mypy

layers: .venv/dev
	$(BIN)/lint-imports

unit: .venv/dev node_modules/.package-lock.json
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile

format: .venv/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The contracts' own tests need node; a checkout without it skips them, CI may not.
ifneq ($(shell command -v npm),)
contracts: node_modules/.package-lock.json
	node contracts/forge.mjs fmt --check
	FORGE_SNAPSHOT_CHECK=true node contracts/forge.mjs test

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund
	touch $@
else
contracts:
	@test -z "$$CI" || { echo "CI needs node, for forge and anvil" >&2; exit 1; }
	@echo "node is not installed: skipping the contracts' forge tests"

node_modules/.package-lock.json: ;
endif

# What halmos proves of the contracts, for all inputs within the bounds that docs/security.md says: a minute or two.
proofs: build/halmos/done node_modules/.package-lock.json
	node contracts/prove.mjs $(abspath build/halmos/bin/halmos)

build/halmos/done: contracts/proofs.txt
	$(PYTHON) -m venv build/halmos
	build/halmos/bin/python -m pip --disable-pip-version-check install --quiet --requirement contracts/proofs.txt
	touch $@

# The contracts' invariants over 100,000 calls: minutes, so not part of `make test`.
nightly: node_modules/.package-lock.json
	FOUNDRY_PROFILE=nightly node contracts/forge.mjs test

# Every check deleted and every comparison flipped, one at a time: an hour or two. Goes on where it was stopped.
mutants: node_modules/.package-lock.json
	node contracts/mutate.mjs

# The settling process killed at 50 instants on Anvil and at every step of the embedded chain.
kill: .venv/dev node_modules/.package-lock.json
	$(BIN)/python -m pytest -m kill tests/e2e

# What would keep `make test` from being quick: more whole runs, pages, lies and deaths. CI runs it too.
slow: .venv/dev node_modules/.package-lock.json
	$(BIN)/python -m pytest -m "slow and not long" --numprocesses=auto --dist=loadfile

# More methods and runs of what `make test` checks in few.
long: .venv/dev node_modules/.package-lock.json
	$(BIN)/python -m pytest -m long --numprocesses=auto tests

benchmarks: .venv/run
	for script in benchmarks/*.py; do $(BIN)/python $$script; done

# Every mechanism's claims in 60 drawn settings each: a minute or two on one core.
mechanisms: .venv/run
	$(BIN)/fedmerit check --all

# The parts of docs/ that are made from the code.
docs: .venv/dev
	for script in generate decide pictures; do $(BIN)/python docs/$$script.py; done

artifacts: .venv/dev node_modules/.package-lock.json
	$(BIN)/python hardhat-free-scripts/compile.py

clean:
	rm -rf .venv node_modules build contracts/out contracts/cache
