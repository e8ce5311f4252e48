#!/usr/bin/env bash
# Starts PostgreSQL for the tests: a fresh cluster in a temporary folder on a free port, for loopback only.
#
#   url=$(scripts/postgres-for-tests.sh start)   prints postgres://…; give it to the tests as SAUTIKIT_TEST_POSTGRES
#   scripts/postgres-for-tests.sh stop "$url"    stops that server and removes its folder
#
# PostgreSQL refuses to run as root, so a root caller becomes the package's own user `postgres`.
set -euo pipefail

bin=${SAUTIKIT_POSTGRES_BIN:-/usr/lib/postgresql/15/bin}

as_postgres() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

start() {
  [ -x "$bin/initdb" ] || { echo "PostgreSQL 15 is missing: apt-get install postgresql-15" >&2; exit 1; }
  local folder port
  folder=$(as_postgres mktemp -d "${TMPDIR:-/tmp}/sautikit-postgres.XXXXXX")
  # The kernel names a free port; nothing else on this machine asks for it within the next second.
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cd "$folder"
  as_postgres "$bin/initdb" --pgdata="$folder/data" --username=sautikit --auth=trust --encoding=UTF8 --no-sync >"/dev/null"
  # No fsync: the cluster dies with the tests. Connections for as many tests as run side by side.
  as_postgres "$bin/pg_ctl" --pgdata="$folder/data" --log="$folder/log" --wait --options="\
    -c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$folder -c max_connections=400 \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off" start >&2
  echo "postgres://sautikit@127.0.0.1:$port/postgres?application_name=$(basename "$folder")"
}

stop() {
  local folder="${TMPDIR:-/tmp}/${1##*application_name=}"
  case "$folder" in */sautikit-postgres.*) ;; *) echo "not a URL of this script: $1" >&2; exit 1 ;; esac
  cd /
  as_postgres "$bin/pg_ctl" --pgdata="$folder/data" --mode=immediate stop >&2
  rm -rf "$folder"
}

case "${1:-}" in
  start) start ;;
  stop) stop "$2" ;;
  *) echo "usage: $0 start | stop URL" >&2; exit 2 ;;
esac
