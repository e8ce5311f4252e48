#!/bin/sh
# Builds the npm package of the browser SDK: dist/sautikit-browser-VERSION.tgz.
# usage: scripts/pack-sdk.sh [DIR]     DIR holds a release build of the SDK; without it one is made.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
built=${1:-}
cd "$root"
if [ -n "$built" ]; then
  cp -R "$built" "$stage/dist"
else
  cargo run -p xtask -- sdk --release --out "$stage/dist"
fi
cp browser-sdk/package.json browser-sdk/README.md LICENSE "$stage/"
mkdir -p dist
npm pack --silent --pack-destination "$root/dist" "$stage" >/dev/null
name=$(ls -t dist/sautikit-browser-*.tgz | head -n 1)
echo "$name $(wc -c <"$name") bytes"
