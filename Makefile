# Konkyo: `make run` for a working assistant, `make test`, `make lint`. Writes only below this folder and to pip's cache.
# pip keeps its own settings: PIP_INDEX_URL, HTTPS_PROXY, PIP_CERT and pip.conf work as everywhere (docs/en/admin.md).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 8501
KONKYO_WORKSPACE ?= $(CURDIR)/workspace
QUESTION ?= 取引先との会食の費用は、1人1回いくらまで認められますか。
# Where torch without CUDA comes from. Empty: only the package index that pip is set to.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
PYTEST_ARGS ?=
PYTEST = env -u KONKYO_WORKSPACE .venv/bin/python -m pytest

GPU := $(shell command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1 && echo yes)
CMAKE_ARGS ?= -DGGML_NATIVE=ON$(if $(GPU), -DGGML_CUDA=ON)
# GCC 12 compiles llama.cpp's AMX code wrongly (the process dies at the first answer); other vector units stay on.
NO_AMX := $(shell echo | $${CXX:-c++} -mno-amx-tile -mno-amx-int8 -E -x c++ - >/dev/null 2>&1 && echo "-mno-amx-tile -mno-amx-int8")
TORCH := $(shell sed -n 's/^ *"\(torch==[^"]*\)",$$/\1/p' pyproject.toml)
PIP := .venv/bin/python -m pip

export KONKYO_WORKSPACE CMAKE_ARGS
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help install run test lint clean

help:
	@echo "make run [PORT=8501] [KONKYO_WORKSPACE=./workspace]   install, fetch the models, read the samples, serve the page"
	@echo "make test [PYTEST_ARGS=…]                             all tests, or those that pytest is told"
	@echo "make lint                                             ruff, mypy, import-linter"
	@echo "make clean                                            remove the environment and caches; the workspace stays"

install: .venv/.installed

.venv/.created:
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing. On Debian or Ubuntu: sudo apt install python3 python3-venv python3-dev" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another one: make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "The venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@command -v "$${CXX:-c++}" >/dev/null || { echo "A C++ compiler is missing (llama.cpp is built here). On Debian or Ubuntu: sudo apt install build-essential python3-dev" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

# The package index has torch for CUDA, some gigabytes of it. Without a GPU the much smaller build for the CPU is
# taken, unless pip would find one by itself (a mirror or a folder of wheels).
.venv/.torch: .venv/.created pyproject.toml
	@set --; \
	if [ -z "$(GPU)" ] && [ -n "$(TORCH_CPU_INDEX)" ] && [ "$$(uname)" = Linux ]; then \
	  found=$$($(PIP) install --quiet --dry-run --ignore-installed --no-deps --report - "$(TORCH)" || true); \
	  grep -q '"version": "[0-9.]*+cpu"' <<<"$$found" || set -- --extra-index-url "$(TORCH_CPU_INDEX)"; \
	fi; \
	echo "Installing $(TORCH) $$*"; \
	$(PIP) install "$$@" "$(TORCH)"
	@touch $@

.venv/.installed: .venv/.torch pyproject.toml
	@echo "Installing Konkyo (llama.cpp is built from source, about five minutes on two cores; CMAKE_ARGS=$(CMAKE_ARGS))"
	CFLAGS="$${CFLAGS-} $(NO_AMX)" CXXFLAGS="$${CXXFLAGS-} $(NO_AMX)" $(PIP) install -e .
	@touch $@

.venv/.dev: .venv/.installed pyproject.toml
	$(PIP) install -e '.[dev]'
	@touch $@

run: .venv/.installed
	.venv/bin/konkyo models pull
	.venv/bin/konkyo ingest samples/documents
	.venv/bin/konkyo ask "$(QUESTION)"
	@trap '.venv/bin/konkyo stop' EXIT; .venv/bin/konkyo ui --port "$(PORT)" --no-browser

test: .venv/.dev
ifeq ($(strip $(PYTEST_ARGS)),)
	@# What needs neither model nor browser runs side by side; the rest needs all cores for itself.
	failed=0; \
	$(PYTEST) -m "not model and not browser" -n logical --maxprocesses 4 --dist loadfile || failed=1; \
	$(PYTEST) -m "model or browser" || failed=1; \
	exit $$failed
else
	$(PYTEST) $(PYTEST_ARGS)
endif

lint: .venv/.dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
