# `make run` draws the comparison, `make test` proves the code; both set everything up first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
CORES ?= $(shell nproc)
READY := $(VENV)/.installed
EXTRAS := workflow,generate,skim,train,export,interpret,plot,check,test
TORCH := $(shell grep '^torch==' constraints.txt)

export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: run explain test unit slurm-test check bench install clean distclean

# --nolock, so that a run that was killed does not bar the next
run: $(READY)
	snakemake --profile workflow/profiles/local --cores $(CORES) --nolock
	snakemake --profile workflow/profiles/local --nolock --report results/quickstart/report.html

# what `make run` would do, why, and what it costs
explain: $(READY)
	snakemake --profile workflow/profiles/local --cores $(CORES) --executor explain 2>/dev/null

# those of a Slurm are left out where Debian's packages are not installed
test: $(READY)
	pytest -n $(CORES) --dist loadfile --no-loadscope-reorder --mpl

unit: $(READY)
	pytest -n $(CORES) --dist loadfile --mpl -m "not slow"

# a real Slurm on this machine (Debian: slurm-wlm slurmdbd mariadb-server), and all accidents on it
slurm-test: $(READY)
	pytest -n 2 --dist loadfile --no-loadscope-reorder tests/slurm

check: $(READY)
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	snakefmt --check Snakefile workflow
	snakemake --lint

bench: $(READY)
	pip install --quiet --constraint constraints.txt --editable '.[bench]'
	python -m benchmarks

install: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt $(TORCH)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $@

# everything that runs have made; what is in git stays
clean:
	rm -rf .snakemake logs
	git clean -fdXq results

distclean: clean
	rm -rf $(VENV) .venv-energyflow
