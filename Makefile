# Two commands matter: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
export CARGO_TARGET_DIR ?= $(HOME)/.cache/sautikit/target
TARGET := $(CARGO_TARGET_DIR)
# cargo-nextest is on our machines; plain cargo serves where it is not.
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo nextest run --no-tests=pass || echo test)
# One set of features for every command, so that no dependency is compiled twice.
ALL := --workspace --features sautikit-app/ssr

.PHONY: help run build test unit wasm e2e sdks check sdk release bench fuzz

help:
	@sed -n 's/^##//p' Makefile

##  run      builds what is missing, starts the server in development mode and prints the addresses
run: build
	$(TARGET)/debug/sautikit

##  build    console assets, SDK and server, unoptimised
build:
	scripts/preflight.sh run
	@echo "1/3 build tool (the first build takes some minutes)"
	cargo build $(ALL) --bin xtask
	@echo "2/3 console and SDK"
	$(TARGET)/debug/xtask build
	@echo "3/3 server"
	cargo build $(ALL) --bin sautikit

##  test     installs what the tests need and runs all of them
test:
	scripts/preflight.sh test
	$(MAKE) wasm
	$(MAKE) e2e 2>&1 | tee $(TARGET)/e2e.log
	$(MAKE) sdks 2>&1 | tee $(TARGET)/sdks.log
	$(MAKE) unit 2>&1 | tee $(TARGET)/unit.log
	@echo "== end to end"; grep -hE '^(ℹ|#) (tests|pass|fail|skipped|schemathesis:) ' $(TARGET)/e2e.log
	@echo "== server SDKs"; grep -E '^sdks? ?[a-z]*: ' $(TARGET)/sdks.log
	@echo "== Rust"; grep -hE '^ +Summary|^test result:' $(TARGET)/unit.log

# The pure crates must build for the browser: no clock, socket or runtime can creep in.
wasm:
	cargo check -q --target wasm32-unknown-unknown -p sautikit-api -p sautikit-sip -p sautikit-voice -p sautikit-browser
	cargo check -q --target wasm32-unknown-unknown -p sautikit-media --no-default-features

# Rust tests, on SQLite and on PostgreSQL.
unit:
	scripts/postgres-for-tests.sh run cargo $(NEXTEST) $(ALL)

##  e2e      real peers against the real server: Chromium, JsSIP, SIP.js, SIPp, Express, schemathesis
e2e:
	scripts/preflight.sh test
	cargo build -q $(ALL) --bin xtask --bin sautikit
	$(TARGET)/debug/xtask build
	cd end2end && SDK_DIST=$(TARGET)/site/sdk/browser SAUTIKIT_BIN=$(TARGET)/debug/sautikit npm run --silent all

##  sdks     the server SDKs say what the API says, and each language's own tests pass against a real server
sdks:
	scripts/preflight.sh test
	cargo build -q $(ALL) --bin xtask --bin sautikit
	$(TARGET)/debug/xtask sdks --check
	cd end2end && SAUTIKIT_BIN=$(TARGET)/debug/sautikit PYTHON=$(HOME)/.cache/sautikit/python-sdk/bin/python node sdks/run.js
	cd end2end && SAUTIKIT_BIN=$(TARGET)/debug/sautikit PYTHON=$(HOME)/.cache/sautikit/python-sdk/bin/python node sdks/requests.js

##  check    format, lint, licences and banned crates
check:
	cargo fmt --all --check
	cargo clippy $(ALL) --all-targets -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check bans licenses sources; \
	else echo "cargo-deny is missing, so deny.toml was not checked (cargo install --locked cargo-deny)"; fi

##  sdk      dist/sautikit-browser-VERSION.tgz
sdk:
	scripts/preflight.sh run
	scripts/pack-sdk.sh

# SAUTIKIT_SITE_DIR names the folder that the server's build packs into the binary.
SITE := $(abspath $(TARGET)/site-release)

##  release  dist/sautikit, one binary with everything inside, and dist/sautikit-browser-VERSION.tgz
release:
	scripts/preflight.sh release
	@echo "1/3 console and SDK"
	cargo build -q $(ALL) --bin xtask
	$(TARGET)/debug/xtask build --release --out $(SITE)
	@echo "2/3 server (the first build takes ten minutes and more)"
	SAUTIKIT_SITE_DIR=$(SITE) cargo build --release -p sautikit
	install -D -m 755 $(TARGET)/release/sautikit dist/sautikit
	@echo "3/3 npm package"
	scripts/pack-sdk.sh $(SITE)/sdk/browser
	@echo "dist/sautikit $$(wc -c <dist/sautikit) bytes"

##  bench    figures for docs/benchmarks; compare ratios and CPU time, wall time varies
bench:
	scripts/preflight.sh bench
	cargo bench -p sautikit-sip --bench clean_calls
	cd crates/sip/bench-peer && cargo run --release
	cargo bench -p sautikit-media
	cargo bench -p sautikit-api
	cargo bench -p sautikit --bench relay
	cargo bench -p sautikit --bench recording
	SAUTIKIT_POSTGRES_DURABLE=on SAUTIKIT_POSTGRES_STATEMENTS=on scripts/postgres-for-tests.sh run cargo bench -p sautikit --bench gateway
	cargo build -q $(ALL) --bin xtask
	$(TARGET)/debug/xtask build
	for run in "jssip 0" "jssip 2000" "sdk 0" "sdk 2000"; do (cd end2end && SAUTIKIT_BIN=$(TARGET)/release/sautikit SAUTIKIT_SITE=$(TARGET)/site node bench/first_audio.js 20 $$run) || exit 1; done
	cd end2end && SAUTIKIT_BIN=$(TARGET)/release/sautikit SAUTIKIT_SITE=$(TARGET)/site node networks/pesq.js
	cd end2end && SAUTIKIT_BIN=$(abspath dist/sautikit) node bench/attacks.js
	SAUTIKIT_POSTGRES_DURABLE=on scripts/postgres-for-tests.sh run cargo bench -p sautikit --bench ledger
	SAUTIKIT_POSTGRES_DURABLE=on scripts/postgres-for-tests.sh run cargo bench -p sautikit --bench rest
	SAUTIKIT_POSTGRES_DURABLE=on scripts/postgres-for-tests.sh run cargo bench -p sautikit --bench sign_in
	SAUTIKIT_POSTGRES_DURABLE=on scripts/postgres-for-tests.sh run cargo bench -p sautikit --bench webhooks

# No nightly is needed: RUSTC_BOOTSTRAP lets the pinned compiler take cargo-fuzz's flags.
FUZZ := RUSTC_BOOTSTRAP=1 cargo fuzz run
FUZZ_SECONDS ?= 60

##  fuzz     a minute per byte parser (FUZZ_SECONDS=60); installs cargo-fuzz
fuzz:
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
	for t in actions bodies; do (cd crates/api && $(FUZZ) $$t -- -max_total_time=$(FUZZ_SECONDS)) || exit 1; done
	for t in message stream sdp crypto agent transfer; do (cd crates/sip && mkdir -p fuzz/corpus/$$t && $(FUZZ) $$t fuzz/corpus/$$t tests/rfc4475 tests/payloads -- -max_total_time=$(FUZZ_SECONDS)) || exit 1; done
	for t in rtp rtcp dtmf wav; do (cd crates/media && $(FUZZ) $$t -- -max_total_time=$(FUZZ_SECONDS)) || exit 1; done
	for t in stun token web_frame; do (cd server && $(FUZZ) -s none $$t -- -max_total_time=$(FUZZ_SECONDS)) || exit 1; done
