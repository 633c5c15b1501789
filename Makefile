# make run: talk to Yixin here. make test: everything it promises. make check: format, lint, types, imports.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check format setup setup-dev
.DEFAULT_GOAL := run

run: setup
	@$(BIN)/python bot.py

setup:
	@$(PYTHON) tools/install.py >&2

setup-dev:
	@$(PYTHON) tools/install.py --dev >&2

# A process a core, and a thread of the model each: two that both take all cores wait for each other.
test: setup-dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

check: setup-dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_imports.py

format: setup-dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
