#!/usr/bin/env bash
# Finds everything that a command needs and the machine lacks, lists it at once, and installs it.
# usage: scripts/preflight.sh run|test|bench     On a terminal it asks first; without one it goes ahead.
# It deliberately installs nothing from anywhere but Debian, crates.io (by rustup and cargo), npm and PyPI.
set -euo pipefail
purpose=${1:?usage: scripts/preflight.sh run|test|bench}
cd "$(dirname "$0")/.."

apt=()
need() { command -v "$1" >/dev/null 2>&1 || apt+=("$2"); } # command, Debian package
need cmake cmake           # builds libopus
need cc build-essential
need espeak-ng espeak-ng   # the voice of `say`
tests=no
[ "$purpose" != test ] && [ "$purpose" != bench ] || tests=yes
if [ "$purpose" = bench ]; then
  need rtpengine rtpengine-daemon
  compgen -G "/usr/include/python3*/Python.h" >/dev/null || apt+=(python3-dev) # compiles pesq
fi
if [ $tests = yes ]; then
  need sipp sip-tester     # plays the carrier
  [ -x /usr/sbin/kamailio ] || apt+=(kamailio) # leads calls to several nodes; in benchmarks it stands beside us
  need baresip baresip     # plays a phone
  need chromium chromium   # plays the customer
  need openssl openssl     # certifies the mail relay
  need ip iproute2         # networks between browser and server
  [ -x /usr/sbin/iptables ] || apt+=(iptables)
  [ -x /usr/lib/postgresql/15/bin/postgres ] || apt+=(postgresql)
  need python3 python3     # runs schemathesis
  python3 -c "import ensurepip" 2>/dev/null || apt+=(python3-venv)
  # The server SDKs in their own languages; Guzzle brings PHP the PSR interfaces.
  need go golang-go
  need php php-cli
  need composer composer
  need phpunit phpunit
  [ -f /usr/share/php/GuzzleHttp/autoload.php ] || apt+=(php-guzzlehttp-guzzle)
  php -m 2>/dev/null | grep -qix curl || apt+=(php-curl)
fi

missing=()
[ ${#apt[@]} -eq 0 ] || missing+=("Debian packages: ${apt[*]}")
# schemathesis checks the API against its description. A folder of its own, so that nothing of it meets the system's Python.
# The tests of the Python SDK have one too, and so have a customer's server, Helm and what measures speech.
venvs=("end2end/openapi/requirements.txt $HOME/.cache/sautikit/schemathesis" "end2end/callbacks/fastapi/requirements.txt $HOME/.cache/sautikit/fastapi" "sdks/python/requirements-test.txt $HOME/.cache/sautikit/python-sdk" "end2end/deploy/requirements.txt $HOME/.cache/sautikit/helm")
[ "$purpose" != bench ] || venvs+=("end2end/networks/requirements.txt $HOME/.cache/sautikit/pesq")
venvs_missing=()
for entry in "${venvs[@]}"; do
  read -r pinned venv <<<"$entry"
  if [ $tests = yes ] && ! cmp -s "$pinned" "$venv/requirements.txt"; then
    venvs_missing+=("$entry")
    missing+=("Python packages of $pinned")
  fi
done
wasm=yes
rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown || { wasm=no; missing+=("Rust target: wasm32-unknown-unknown"); }
npm_dirs=()
npm_folders=(xtask end2end)
[ $tests = no ] || npm_folders+=(sdks/node end2end/sdks/node18)
for dir in "${npm_folders[@]}"; do
  [ -f "$dir/package-lock.json" ] || continue
  [ "$dir/node_modules/.package-lock.json" -nt "$dir/package-lock.json" ] || { npm_dirs+=("$dir"); missing+=("npm packages of $dir/package.json"); }
done
command -v node >/dev/null 2>&1 || { echo "Node 20 is missing: see README, line 0" >&2; exit 1; }
command -v cargo >/dev/null 2>&1 || { echo "Rust is missing: see README, line 0" >&2; exit 1; }

[ ${#missing[@]} -gt 0 ] || exit 0
echo "make $purpose needs, and this machine lacks:" >&2
printf '  - %s\n' "${missing[@]}" >&2
if [ -t 0 ] && [ -z "${CI:-}" ]; then
  read -r -p "Install now? [Y/n] " answer
  case "$answer" in n* | N*) exit 1 ;; esac
fi
sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
if [ ${#apt[@]} -gt 0 ]; then
  echo "installing ${apt[*]}" >&2
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${apt[@]}" >/dev/null
fi
[ "$wasm" = yes ] || rustup target add wasm32-unknown-unknown
for dir in "${npm_dirs[@]}"; do
  echo "installing npm packages of $dir" >&2
  (cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  touch "$dir/node_modules/.package-lock.json"
done
for entry in "${venvs_missing[@]}"; do
  read -r pinned venv <<<"$entry"
  echo "installing Python packages of $pinned" >&2
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$pinned"
  cp "$pinned" "$venv/requirements.txt"
done
