export CARGO_TARGET_DIR ?= $(HOME)/.cache/sautikit/target

test:
	cargo nextest run --workspace --no-tests=pass
