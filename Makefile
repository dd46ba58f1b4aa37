# Two commands on a fresh machine: `make demo` and `make test`. Everything lives in .venv and var/ of this checkout.
PORT ?= 8080
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo run test check soak bench bench-full i18n lock clean

demo: .venv/runtime
	$(BIN)/kenes demo --port $(PORT) $(DEMO)

run: .venv/runtime
	$(BIN)/kenes run

test: .venv/dev
	tests/prepare
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

check: .venv/dev
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tests.borders
	$(BIN)/python -m bot.catalogues check
	$(BIN)/python -m storage.migrations.check
	! grep -n '://' requirements.lock requirements-dev.lock

soak: .venv/dev
	tests/prepare
	$(BIN)/pytest -m soak --override-ini 'addopts=--strict-markers --strict-config -q' $(ARGS)

bench: .venv/dev
	$(BIN)/python -m bench

bench-full: .venv/dev
	$(BIN)/python -m bench --full

i18n: .venv/dev
	$(BIN)/python -m bot.catalogues update

lock: .venv/dev
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --python-version 3.11 pyproject.toml --group build -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --python-version 3.11 pyproject.toml --group build --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

.venv/runtime: requirements.lock pyproject.toml
	$(call install,requirements.lock)
	touch $@

.venv/dev: requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	touch $@ .venv/runtime

define install
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endef
