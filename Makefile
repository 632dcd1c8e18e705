# Each target sets up what it needs first; a second time that takes a moment.
# VENV=/path uses another environment, PYTHON=/path another interpreter to make it from.

.DEFAULT_GOAL := help
.PHONY: help run test lint bench docs endurance clean

# One thread for each numeric library: the tests and Qt share the cores with torch.
test: export OMP_NUM_THREADS ?= 1
test: export MKL_NUM_THREADS ?= 1

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## open the sample labelling session (without a display: run it by itself, pictures in out/)
	@tools/demo

test: lint ## all checks and tests
	@tools/with-env --window python -m pytest $(ARGS)

lint: ## style, types and the rules between packages
	@tools/with-env sh -euc 'ruff check .; ruff format --check .; mypy; lint-imports'

bench: ## the figures of docs/benchmarks.md
	@tools/with-env --window sh -euc 'for script in benchmarks/*.py; do python "$$script"; done'

docs: ## the screenshots of the documentation, from the running program
	@tools/with-env --window python docs/make_screenshots.py

endurance: ## the slow tests: many kills, many rounds
	@tools/with-env --window python -m pytest -m slow $(ARGS)

clean: ## remove what the targets left in the checkout, and the environments of all checkouts
	rm -rf out build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks tools -name __pycache__ -type d -exec rm -rf {} +
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}"/napari-salient/venv-*
