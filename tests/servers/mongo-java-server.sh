#!/usr/bin/env bash
# A stand-in for MongoDB that keeps everything in memory: single-document atomicity, unique indexes and their races are real.
#   mongo-java-server.sh [PORT]     0, the default: a free port
# Says "ready mongodb://127.0.0.1:PORT" on standard output and serves until its standard input ends. 77: it cannot be had.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
built=$(cd "$here/../.." && pwd)/build/servers/mongo-java-server

cannot() { echo "skipped: $1" >&2; exit 77; }
command -v java >/dev/null || cannot "no Java runtime (default-jre-headless)"

if [[ ! -e $built/done ]]; then
  command -v mvn >/dev/null && command -v javac >/dev/null || cannot "no Maven or no Java compiler (maven, default-jdk-headless)"
  mkdir -p "$built"
  (
    flock 9
    if [[ ! -e $built/done ]]; then
      mvn -q -B -f "$here/mongo-java-server/pom.xml" dependency:copy-dependencies -DoutputDirectory="$built/lib" &&
        javac -cp "$built/lib/*" -d "$built/classes" "$here/mongo-java-server/Launcher.java" && touch "$built/done"
    fi
  ) 9>"$built/lock" >&2 || cannot "mongo-java-server could not be fetched from Maven Central"
fi
exec java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$built/lib/*:$built/classes" Launcher "${1:-0}" 2>/dev/null
