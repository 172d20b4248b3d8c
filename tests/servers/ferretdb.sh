#!/usr/bin/env bash
# A stand-in for MongoDB that keeps what it has acknowledged when it is killed: FerretDB over SQLite. Updates of one document are not atomic in it, so races run elsewhere.
#   ferretdb.sh DIRECTORY PORT
# Says "ready mongodb://127.0.0.1:PORT/" on standard output and serves until its standard input ends. 77: it cannot be had.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
built=$(cd "$here/../.." && pwd)/build/servers/ferretdb

cannot() { echo "skipped: $1" >&2; exit 77; }

if [[ ! -x $built/ferretdb || $here/ferretdb/main.go -nt $built/ferretdb ]]; then
  command -v go >/dev/null || cannot "no Go compiler (golang)"
  mkdir -p "$built"
  (
    flock 9
    cd "$here/ferretdb" && go build -o "$built/ferretdb" .
  ) 9>"$built/lock" >&2 || cannot "FerretDB could not be built from the Go proxy"
fi
exec "$built/ferretdb" "$1" "$2" 2>/dev/null
