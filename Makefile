# Every target makes .venv and installs what it needs, once; nothing else has to be there but
# Python (3.11 or newer) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: verify proofs report check-report test test-thorough test-device check docs notebooks
.PHONY: bench bench-falsify mutants format clean

# CLAIMS: slugs, rooms or globs; the whole catalogue if it is empty.
verify: $(VENV)/.installed
	$(BIN)/kdtheory verify $(CLAIMS)

# CLAIMS as above: what verify has finished is used as it is. The page is report.html.
report: $(VENV)/.installed
	$(BIN)/kdtheory report $(CLAIMS) -o report.html

# Opens the page in Chromium, on a desktop and a telephone, light and dark. The browser is the one
# on the machine, or that of the variable CHROME; without any, the check ends with code 4.
check-report: $(VENV)/.installed
	$(BIN)/python tests/check_report.py
	$(BIN)/kdtheory report $(CLAIMS) -o report.html
	$(BIN)/python tests/check_report.py report.html

# CLAIMS as above: the steps of their proofs, and that every wrong variant is rejected.
proofs: $(VENV)/.installed
	$(BIN)/python -m proofs_check $(CLAIMS)

# Types are checked at every call but in the battery and on reference values, which call what the
# other tests call. The reference values go first: they are one long piece of work.
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadgroup
BATTERY := tests/test_claims.py
GOLDEN := tests/test_golden.py
ON_DEVICE := tests/test_device.py

test: $(VENV)/.test
	$(PYTEST) -m "not thorough" --ignore $(BATTERY) --ignore $(GOLDEN) --ignore $(ON_DEVICE)
	JAXTYPING_DISABLE=1 $(PYTEST) -m "not thorough" $(GOLDEN) $(BATTERY)

# The battery on a device: DEVICE is cpu, gpu or tpu; left out, the one that JAX takes. In float64
# too where the device has it. CLAIMS as above, K: an expression of pytest's -k. One process has a
# TPU to itself.
test-device: export JAX_PLATFORMS := $(filter cpu,$(DEVICE))
test-device: export JAXTYPING_DISABLE := 1
test-device: $(VENV)/.test
	$(BIN)/python tests/device.py $(DEVICE)
	CLAIMS="$(CLAIMS)" $(PYTEST) $(if $(filter tpu,$(DEVICE)),-n 0) $(if $(K),-k "$(K)") $(ON_DEVICE)

# The rest: every claim's search, both precisions, what takes ten thousand draws, and the reference
# values with XLA's optimiser. A quarter of an hour.
test-thorough: $(VENV)/.test
	JAXTYPING_DISABLE=1 $(PYTEST) -m thorough
	JAXTYPING_DISABLE=1 XLA_FLAGS= $(PYTEST) $(GOLDEN)

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The generated parts of the README and of docs. VERIFIED: what `kdtheory verify --json > FILE` wrote,
# where the figures of a full run are to be taken over.
docs: $(VENV)/.installed
	$(BIN)/python docs/generate.py $(if $(VERIFIED),--verified $(VERIFIED))

# Runs every notebook again, two at a time, without touching the outputs that are committed;
# WRITE=--write keeps the new ones.
notebooks: $(VENV)/.notebooks
	$(BIN)/python notebooks/execute.py $(WRITE) $(NOTEBOOKS)

# What is measured side by side, on one thread: prints it as tables. WRITE=1 keeps the numbers, and
# writes docs/benchmarks.md afresh.
ONE_THREAD := PJRT_NPROC=1 OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
MEASURED := build/benchmarks.json

bench: $(VENV)/.bench
	mkdir -p build
	$(ONE_THREAD) JAXTYPING_DISABLE=1 XLA_FLAGS= $(BIN)/python -m pytest -q tests/benchmarks \
		--benchmark-only --benchmark-quiet --benchmark-json $(MEASURED)
	$(BIN)/python docs/benchmarked.py $(MEASURED) $(if $(WRITE),--write)

# How soon the search finds a planted error, in every claim that has one (or in CLAIMS): a quarter of
# an hour, nearly all of it compilation. WRITE=1 as above.
bench-falsify: $(VENV)/.bench
	mkdir -p build
	$(ONE_THREAD) $(BIN)/python tests/benchmarks/falsification.py $(CLAIMS) \
		-o $(if $(WRITE),docs,build)/falsification.json
	$(if $(WRITE),$(BIN)/python docs/generate.py)

mutants: $(VENV)/.installed
	$(BIN)/kdtheory mutants

format: $(VENV)/.check
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV)

# pip 25.1 is the first to know dependency groups.
$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install -q -e ".[all]"
	@touch $@

$(VENV)/.test $(VENV)/.check $(VENV)/.bench $(VENV)/.notebooks: $(VENV)/.%: $(VENV)/.installed
	$(BIN)/python -m pip install -q --group $*
	@touch $@
