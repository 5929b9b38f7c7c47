# `make demo`, `make test`; `make install` for the command line alone. They need Python 3.11 or 3.12 with pip.
# make demo VIDEOS=dir runs the demo on your own footage; OUT=dir says where its results go.

# The first that really starts: a version manager's stub may be on the path without a Python behind it.
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do $$p -c '' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
OUT ?= $(if $(VIDEOS),demo-videos,demo)
VIDEOS ?=
export UV_COMPILE_BYTECODE := 1
export RAY_ENABLE_UV_RUN_RUNTIME_ENV := 0

.PHONY: demo install test lint lock clean
.DELETE_ON_ERROR:

demo: $(VENV)/.weights
	$(BIN)/style2talker demo --out $(OUT) $(if $(VIDEOS),--videos $(VIDEOS))

install: $(VENV)/.weights
	@echo "installed; source $(BIN)/activate puts style2talker on your path"

test: $(VENV)/.weights
	$(BIN)/python -m pytest

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 13) else f"style2talker: Python {v[0]}.{v[1]} found, 3.11 or 3.12 needed; run make PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check $(shell grep '^uv==' requirements.lock)
	$(BIN)/uv pip install -q --python $(BIN)/python -r requirements.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.weights: $(VENV)/.installed style2talker/weights/registry.py
	$(BIN)/style2talker weights fetch
	@touch $@

# A `name==version` lock without addresses, so that it installs from whatever registry the machine uses.
lock: $(VENV)/.installed
	$(BIN)/uv pip compile -q --universal --no-header --no-annotate --no-emit-index-url --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info
