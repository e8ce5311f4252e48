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
cp browser-sdk/package.json browser-sdk/README.md LICENSE-MIT LICENSE-APACHE "$stage/"
# Written beside the module by xtask; npm packs what the package lists and says nothing about what is missing.
mv "$stage/dist/THIRD-PARTY-LICENCES.txt" "$stage/"
mkdir -p dist
npm pack --silent --pack-destination "$root/dist" "$stage" >/dev/null
name=$(ls -t dist/sautikit-browser-*.tgz | head -n 1)
for file in LICENSE-MIT LICENSE-APACHE THIRD-PARTY-LICENCES.txt dist/index.esm.js dist/sautikit.iife.js dist/edge.js dist/preflight.js dist/tabs.js dist/react.js dist/element.js dist/sautikit_bg.wasm; do
  tar -tzf "$name" "package/$file" >/dev/null || { echo "$name lacks $file" >&2; exit 1; }
done
echo "$name $(wc -c <"$name") bytes"
