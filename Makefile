# fbsim: `make demo` and `make test` are all a newcomer needs on Debian 12 with cargo.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

FBSIM := target/release/fbsim
FAILURES := target/demo-failures

.PHONY: help setup setup-build build demo test lint bench compatibility suites syscalls clean

help:
	@echo 'make demo    find, shrink and replay a planted race in three ordinary services'
	@echo 'make test    the whole suite: format, lints, unit and integration tests'
	@echo 'make build   fbsim and the demo services, in target/release'
	@echo 'make bench   what things cost, each beside its yardstick'
	@echo 'make compatibility   run what people deploy and write docs/compatibility.md anew'
	@echo 'make suites  run CPython'"'"'s own tests natively and inside and write what came of it'
	@echo 'make syscalls write docs/syscalls.md anew'
	@echo 'make setup   install what is missing from Debian packages (the others do it too)'

setup:
	@tools/setup

setup-build:
	@tools/setup build

build: setup-build
	cargo build --release --package fbsim --package orders
	@if [ -n "$$(tools/go)" ]; then CGO_ENABLED=0 GOFLAGS=-mod=mod "$$(tools/go)" build -o target/release/web-go specs/servers/web.go; fi

# fbsim exits with 1 when a property failed, which is what the demo is about.
demo: build
	@rm -rf $(FAILURES); mkdir -p $(FAILURES)
	@echo '+ $(FBSIM) explore specs/orders --seeds 10000'
	@status=0; $(FBSIM) explore specs/orders --seeds 10000 --output $(FAILURES) | tee $(FAILURES)/output || status=$$?; \
	if [ "$$status" != 1 ]; then echo "demo: expected fbsim to end with 1 (a property failed), not $$status"; exit 1; fi
	@grep -q 'FAIL test_no_overselling' $(FAILURES)/output || { echo 'demo: the planted bug was not found'; exit 1; }
	@case=$$(ls $(FAILURES)/*-shrunk.fbt | head -n 1); \
	echo; echo "+ $(FBSIM) replay --times 100 $$case"; \
	$(FBSIM) replay --times 100 "$$case"
	@echo; echo 'demo: the planted bug was found, shrunk, saved and replayed bit for bit'

lint: setup-build
	@if cargo fmt --version >/dev/null 2>&1; then cargo fmt --all --check; else echo 'note: rustfmt is not installed; formatting was not checked'; fi
	@if cargo clippy --version >/dev/null 2>&1; then cargo clippy --release --workspace --all-targets -- -D warnings; else echo 'note: clippy is not installed; lints were not checked'; fi

test: setup build lint
	cargo test --release --workspace
	@echo; echo 'test: everything held'

# ONLY=calls,seeds runs some families; LONG=1 also what takes long. Rewrites the tables in docs/performance.md.
bench: setup build
	cargo bench --bench costs -- $(if $(ONLY),--only $(ONLY)) $(if $(LONG),--long)

compatibility: setup build
	FBSIM_COMPATIBILITY=1 cargo test --release --package fbsim --test it -- servers::what_people_deploy

suites: setup build
	FBSIM_SUITES=1 cargo test --release --package fbsim --test it -- suites::

syscalls:
	FBSIM_SYSCALLS=1 cargo test --release --package fbsim --test it -- syscalls::

clean:
	cargo clean
	rm -rf fbsim-failures
