.DEFAULT_GOAL := help
.PHONY: help setup demo test deployed units stories schedules repeat lint docs reference bench price simulate snippet lock build deploy clean
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
CHOSEN := $(if $(RUNTIME)$(ARCHITECTURE),--parameter-overrides $(RUNTIME:%=Runtime=%) $(ARCHITECTURE:%=Architecture=%))
VERSION := -c 'import sys; print(sys.version)'

ifeq ($(origin PYTHON),command line)  # an environment of another interpreter is made anew
ASKED := $(shell $(PYTHON) $(VERSION))
ifneq ($(ASKED),$(shell $(BIN)/python $(VERSION) 2>/dev/null))
$(if $(ASKED),$(shell rm -rf .venv))
endif
endif

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(INSTALLED): pyproject.toml functions/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Ripen needs Python 3.11 or newer; choose one with make PYTHON=python3.13 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --requirement functions/requirements.txt
	@touch $@

setup: $(INSTALLED) ## Set up .venv, with the command ripen in .venv/bin
	@echo "The command is .venv/bin/ripen."

demo: $(INSTALLED) ## Run everything on this machine and open a demo website (CHECK=1: walk through it and exit)
	@$(BIN)/ripen demo $(if $(CHECK),--check)

test: $(INSTALLED) lint ## Set up and run all tests
	@$(MAKE) --no-print-directory --jobs=4 deployed units stories schedules

deployed: $(INSTALLED)  # waits for browsers and the local cloud most of the time
	@$(BIN)/pytest tests/e2e

units: $(INSTALLED)
	@$(BIN)/pytest tests/unit

stories: $(INSTALLED)
	@$(BIN)/pytest tests/integration

schedules: $(INSTALLED)  # with what the others leave
	@nice -n 19 $(BIN)/pytest tests/simulation --seeds 4000

repeat: $(INSTALLED) ## Run the tests of FILE=path COUNT=n times (20) on a busy machine, to find what depends on luck
	@$(BIN)/python -c 'while True: pass' & one=$$!; $(BIN)/python -c 'while True: pass' & two=$$!; \
	trap "kill $$one $$two" EXIT INT TERM; $(BIN)/pytest $(FILE) --count $(or $(COUNT),20)

lint: $(INSTALLED) ## Check style, types, imports and the template
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/cfn-lint template.yaml infra/edge.yaml infra/crm/*.yaml

docs: $(INSTALLED) ## Build the documentation, serve it on this machine and open it
	@$(BIN)/mkdocs serve --open --dev-addr 127.0.0.1:8008

reference: $(INSTALLED) ## Write what is made from the API's description, the template and the models
	@$(BIN)/python docs/generate.py

bench: $(INSTALLED) ## Measure against floors taken in the same run; writes build/bench.json
	@$(BIN)/python bench/run.py

price: $(INSTALLED) ## Price a week of a website at list prices; writes bench/pricing/results.json
	@$(BIN)/python bench/run.py --price

simulate: $(INSTALLED) ## Crash, redeliver and reorder with SEEDS=n random schedules, or with one alone (SEED=n)
	@$(BIN)/pytest tests/simulation $(if $(SEED),-k schedule --seed $(SEED),--seeds $(or $(SEEDS),30000))

snippet: $(INSTALLED) ## Build the browser snippet that the tracking function serves
	@$(BIN)/python web/build.py

lock: $(INSTALLED) ## Pin what ships to Lambda, with everything it needs
	@$(BIN)/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-find-links --no-header --output-file functions/requirements.txt functions/requirements.in

build: $(INSTALLED) ## Build the functions for AWS (RUNTIME=python3.12 ARCHITECTURE=x86_64)
	PATH="$(CURDIR)/$(BIN):$$PATH" sam build $(CHOSEN)
	@$(BIN)/python -m ripen_cli.bytecode

deploy: build ## Build and deploy to your AWS account, guided
	sam deploy --guided $(CHOSEN)

clean: ## Stop the local cloud and remove everything that was built
	@test ! -x $(BIN)/ripen || $(BIN)/ripen local down
	rm -rf .venv .ripen .aws-sam build
