export CARGO_TARGET_DIR ?= $(HOME)/.cache/sautikit/target

test:
	scripts/postgres-for-tests.sh run cargo nextest run --workspace --no-tests=pass
