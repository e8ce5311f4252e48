#!/usr/bin/env bash
# PostgreSQL for the tests: a fresh cluster in a temporary folder on a free port, for loopback only.
#
#   scripts/postgres-for-tests.sh run COMMAND…   runs the command with SAUTIKIT_TEST_POSTGRES set, then removes all
#   url=$(scripts/postgres-for-tests.sh start)   prints postgres://…, for a server that outlives several test runs
#   scripts/postgres-for-tests.sh stop "$url"    stops that server and removes its folder
#   scripts/postgres-for-tests.sh halt "$url"    stops it and keeps its data; `kill` does so with kill -9
#   scripts/postgres-for-tests.sh again "$url"   starts it again on its port
#   scripts/postgres-for-tests.sh freeze "$url"  has it answer nothing, with every connection open, until `thaw`
#
# SAUTIKIT_POSTGRES_DURABLE=on makes commits wait for the disk, as benchmarks must; SAUTIKIT_POSTGRES_STATEMENTS=on has
# pg_stat_statements count what is sent.
#
# PostgreSQL refuses to run as root, so a root caller becomes the package's own user `postgres`.
set -euo pipefail

bin=${SAUTIKIT_POSTGRES_BIN:-/usr/lib/postgresql/15/bin}
durable=${SAUTIKIT_POSTGRES_DURABLE:-off}
counted=
[ "${SAUTIKIT_POSTGRES_STATEMENTS:-off}" = off ] || counted="-c shared_preload_libraries=pg_stat_statements"

as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

folder_of() {
  local folder="${TMPDIR:-/tmp}/${1##*application_name=}"
  case "$folder" in */sautikit-postgres.*) ;; *) echo "not a URL of this script: $1" >&2; exit 1 ;; esac
  echo "$folder"
}

again_in() { # folder
  as_postgres "$bin/pg_ctl" --pgdata="$1/data" --log="$1/log" --silent --wait --options="$(<"$1/options")" start >&2
}

start() {
  [ -x "$bin/initdb" ] || { echo "PostgreSQL 15 is missing: apt-get install postgresql-15" >&2; exit 1; }
  local folder port
  folder=$(as_postgres mktemp -d "${TMPDIR:-/tmp}/sautikit-postgres.XXXXXX")
  as_postgres "$bin/initdb" --pgdata="$folder/data" --username=sautikit --auth=trust --encoding=UTF8 --no-sync >/dev/null
  # A port may be taken; the server then fails to start and the next one is tried.
  for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    # No fsync for tests: the cluster dies with them. Connections for as many tests as run side by side.
    echo "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$folder -c max_connections=400 \
      -c fsync=$durable -c synchronous_commit=$durable -c full_page_writes=$durable $counted" >"$folder/options"
    if again_in "$folder"; then
      echo "postgres://sautikit@127.0.0.1:$port/postgres?application_name=$(basename "$folder")"
      return
    fi
  done
  cat "$folder/log" >&2
  rm -rf "$folder"
  exit 1
}

stop() {
  local folder
  folder=$(folder_of "$1")
  as_postgres "$bin/pg_ctl" --pgdata="$folder/data" --silent --mode=immediate stop >&2 || true
  rm -rf "$folder"
}

halt() {
  as_postgres "$bin/pg_ctl" --pgdata="$(folder_of "$1")/data" --silent --mode=fast stop >&2
}

# Its children too: killed without them they would hold the port's memory for a moment longer, and frozen they would answer.
signal_all() { # signal, URL
  local server
  server=$(head -n 1 "$(folder_of "$2")/data/postmaster.pid")
  kill "-$1" "$server" $(cat "/proc/$server/task/$server/children") || true
}

again() {
  local folder
  folder=$(folder_of "$1")
  # What a killed one left in memory goes with its last process.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    again_in "$folder" 2>/dev/null && return
    sleep 0.5
  done
  cat "$folder/log" >&2
  exit 1
}

case "${1:-}" in
  start) start ;;
  stop) stop "$2" ;;
  halt) halt "$2" ;;
  kill) signal_all KILL "$2" ;;
  freeze) signal_all STOP "$2" ;;
  thaw) signal_all CONT "$2" ;;
  again) again "$2" ;;
  run)
    shift
    SAUTIKIT_TEST_POSTGRES=$(start)
    export SAUTIKIT_TEST_POSTGRES
    trap 'stop "$SAUTIKIT_TEST_POSTGRES"' EXIT
    "$@"
    ;;
  *) echo "usage: $0 run COMMAND… | start | stop URL | halt URL | kill URL | again URL | freeze URL | thaw URL" >&2; exit 2 ;;
esac
