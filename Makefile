# Every target sets up what it needs first (see .ci/setup); what is there already is skipped.
PYTHON ?= python3
SETUP := $(PYTHON) .ci/setup
BIN := .venv/bin
# Three test files at a time: the tests wait more than they work. A file stays in one process, with what it has set up.
SIDE_BY_SIDE := -n 3 --dist loadfile
# The property tests try the same examples each time, so that a change is judged by what it changed; `make sweep` draws new ones.
SAME_EXAMPLES := --hypothesis-profile=ci
# One lock for every machine: hashes, and no address.
LOCKING = --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet $(UPGRADE)

# Hundreds of programs are started by the tests: let Python keep what it has compiled, whatever the machine says.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo demo-up demo-down test check sweep mutants bench lock docs screenshots clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: ## set up everything, deploy the sample service from chat, and print where to look; it goes on in the background
	@$(SETUP) demo
	@$(BIN)/estiva demo

demo-up: ## the same in the foreground: Ctrl-C stops it
	@$(SETUP) demo
	@$(BIN)/estiva demo --keep

demo-down: ## stop what `make demo` started
	@if [ -x $(BIN)/estiva ]; then $(BIN)/estiva demo --stop; fi
	@$(SETUP) down

test: ## set up everything and run the tests
	@$(SETUP) test
	@$(BIN)/pytest $(SIDE_BY_SIDE) -m "not sweep and not bench" $(SAME_EXAMPLES)

check: ## lint, formatting, types, the one-way imports, and the templates that are shipped
	@$(SETUP) check
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@MYPYPATH=.ci/setup $(BIN)/mypy .ci/setup/*.py
	@$(BIN)/lint-imports
	@$(BIN)/cfn-lint --regions us-east-1 sa-east-1 -- examples/aws/*.yml

sweep: ## the long tests: crashes at every point, thousands of runs, new examples for what holds always
	@$(SETUP) test
	@$(BIN)/pytest $(SIDE_BY_SIDE) -m "not sweep and not bench" --hypothesis-profile=default $$(grep -rl "from hypothesis" tests)
	@$(BIN)/pytest $(SIDE_BY_SIDE) -m sweep

mutants: ## plant faults one at a time, and see that a test notices each
	@$(SETUP) test
	@$(BIN)/python -m tests.mutants

bench: ## the benchmarks, with the numbers they measure
	@$(SETUP) test
	@$(BIN)/pytest -m bench -s -p no:randomly

lock: ## lock the Python packages anew (UPGRADE=--upgrade takes newer versions)
	@$(SETUP) check
	@$(BIN)/uv pip compile pyproject.toml .ci/requirements.in --group dev $(LOCKING) -o .ci/requirements.txt
	@$(BIN)/uv pip compile .ci/emulator.in $(LOCKING) -o .ci/emulator.txt

docs: ## write docs/commands.md and docs/settings.md anew, from the code
	@$(SETUP) check
	@for page in commands settings; do \
		$(BIN)/estiva docs $$page > docs/$$page.md.new && mv docs/$$page.md.new docs/$$page.md || exit 1; done

screenshots: ## take the pictures in docs/img anew, of the demo that is up
	@$(SETUP) test
	@$(BIN)/python docs/img/take.py

clean: ## stop the demo and remove what was made here: .venv, .venv-emulator, .estiva, caches
	@if [ -x $(BIN)/estiva ]; then $(BIN)/estiva demo --remove; fi
	@$(SETUP) down
	@rm -rf .venv .venv-emulator .estiva .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
