# Everything here is a plain command too: see README.md.

PYTHON ?= python3
PORT ?= 5000
HOST ?= 127.0.0.1

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
CATALOGUES := $(wildcard app/translations/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGUES:.po=.mo)
ALL_CORES := -n auto

.DEFAULT_GOAL := help
.PHONY: help install run demo test test-all lint requirements axe clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) $(COMPILED) ## Make .venv with what the application needs

run: install ## Set everything up and serve Microblog (PORT=8080 make run for another port)
	@$(BIN)/flask db upgrade
	@echo "Microblog is at http://$(HOST):$(PORT)/ (Ctrl-C ends it)"
	@$(BIN)/flask run --host $(HOST) --port $(PORT)

demo: install ## Fill the empty database with a small community
	@$(BIN)/flask db upgrade
	@$(BIN)/flask demo

test: $(INSTALLED_DEV) $(COMPILED) ## Run the tests that need nothing but Python (PYTEST="-k name" for some)
	@$(BIN)/python -m pytest $(ALL_CORES) -m 'not slow' $(PYTEST)

test-all: $(INSTALLED_DEV) $(COMPILED) ## Run all tests, also with a browser, servers and much time
	@$(BIN)/python -m pytest $(ALL_CORES) $(PYTEST)

lint: $(INSTALLED_DEV) ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

requirements: $(INSTALLED_DEV) ## Freeze the newest versions of requirements*.in
	@$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-emit-index-url --no-emit-find-links --output-file requirements.txt requirements.in
	@$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-emit-index-url --no-emit-find-links --output-file requirements-dev.txt requirements-dev.in

axe: ## Fetch axe-core, which the accessibility tests use (needs npm)
	npm install --silent --no-audit --no-fund --prefix build/axe axe-core@4.14.1

clean: ## Remove .venv and everything else that was made, but no data
	rm -rf $(VENV) build public .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Microblog needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": name another with PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): requirements.txt | $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

%.mo: %.po | $(INSTALLED)
	@$(BIN)/pybabel --quiet compile -i $< -o $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
