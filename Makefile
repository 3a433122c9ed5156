# Two commands do everything on a machine with Python 3.11 and make: `make run` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: run check test trials bench format lock vega screenshots clean

run: $(VENV)/.app ## Sample data in an embedded database, served on http://localhost:8501
	@$(BIN)/usage-report demo --if-empty
	@echo "Open http://localhost:$(PORT)"
	@$(BIN)/streamlit run app.py --server.port $(PORT)

check: $(VENV)/.test ## Format, lint, types and the fast tests, in under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 2 -m fast

test: check ## Unit, property, database, page and browser tests, in under ten minutes
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow" $(ARGS)

trials: $(VENV)/.test ## Slow tests: processes killed under load, long properties, the built wheel
	$(BIN)/pytest -n 2 --dist loadgroup -m slow $(ARGS)

bench: $(VENV)/.bench ## Ratios against named baselines
	$(BIN)/python benchmarks/run.py $(ARGS)

format: $(VENV)/.test ## Format the tree and apply the linter's safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.test ## Renew the lock files from pyproject.toml
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q $(LOCK) pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q $(LOCK) --extra test pyproject.toml -o requirements-test.lock
	$(BIN)/uv pip compile -q $(LOCK) --extra test --extra bench pyproject.toml -o requirements-bench.lock

LOCK := --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

vega: ## what draws charts in the browser, bundled into the package
	cd tools/vega && npm ci --no-audit --no-fund && npm rebuild esbuild && npm run -s build

screenshots: $(VENV)/.test ## The README's pictures, taken from the running app
	$(BIN)/python docs/screenshots.py

# One stamp per lock file: packages are installed again only when it has changed.
$(VENV)/.app: requirements.lock
$(VENV)/.test: requirements-test.lock
$(VENV)/.bench: requirements-bench.lock
$(VENV)/.app $(VENV)/.test $(VENV)/.bench: pyproject.toml
	@test -x $(BIN)/python || { echo "Creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing $(filter %.lock,$^) into $(VENV): a minute or two the first time"
	@$(BIN)/pip install --disable-pip-version-check -r $(filter %.lock,$^)
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info src/*.egg-info
