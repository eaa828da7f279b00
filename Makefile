# make setup | make demo | make test    (see README.md)
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DEMO_HOME ?= $(HOME)/fokus-demo
PORT ?= 8501
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install -c constraints.txt

.PHONY: setup demo test lint types clean
.DEFAULT_GOAL := demo

setup: $(VENV)/.setup

$(VENV)/.setup: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "Installing Fokus and what it needs (a few minutes, about 6 GB, once) ..."
	$(PIP) --editable .
	@touch $@

demo: setup
	$(BIN)/fokus demo --home "$(DEMO_HOME)" --port $(PORT)

$(VENV)/.setup-test: $(VENV)/.setup apt-packages.txt
	$(PIP) --editable '.[test]'
	@bash tests/install_debian_packages.sh apt-packages.txt
	@touch $@

test: $(VENV)/.setup-test lint types
	$(BIN)/python -m pytest

lint: $(VENV)/.setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.setup-test
	$(BIN)/mypy

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
