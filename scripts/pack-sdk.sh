#!/bin/sh
# Builds the npm package of the browser SDK: dist/sautikit-browser-VERSION.tgz.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cd "$root"
cargo run -p xtask -- sdk --release --out "$stage/dist"
cp browser-sdk/package.json browser-sdk/README.md "$stage/"
mkdir -p dist
npm pack --silent --pack-destination "$root/dist" "$stage" >/dev/null
name=$(ls -t dist/sautikit-browser-*.tgz | head -n 1)
echo "$name $(wc -c <"$name") bytes"
