#!/usr/bin/env bash
# Autobahn's cases for servers, without those of compression, against `sio-conformance --ws-echo`.
#
# The suite needs Python 2.7, which Debian 12 has not; where pyenv or the machine offers one it is
# installed from PyPI into build/autobahn. Elsewhere this says why it cannot run, and exits 77.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../.."

readonly folder=build/autobahn
readonly installing=180 running=600

skip() {
  echo "skipped: $1"
  exit 77
}

python2() {
  local found
  for found in "$HOME"/.pyenv/versions/2.7.*/bin/python2.7 "$(command -v python2.7 || true)"; do
    if [[ -x $found ]]; then
      echo "$found"
      return
    fi
  done
}

install() {
  local python
  python=$(python2)
  [[ -n $python ]] || skip "Autobahn needs Python 2.7, and there is none (pyenv install 2.7.18)"
  [[ -x $folder/env/bin/wstest ]] && return
  echo "About to install autobahntestsuite 0.8.2 from PyPI into $folder."
  mkdir -p "$folder"
  {
    timeout "$installing" "$python" -m pip install -q --target "$folder/tool" 'virtualenv<20.22' &&
      PYTHONPATH=$folder/tool "$python" -m virtualenv -q "$folder/env" &&
      timeout "$installing" "$folder/env/bin/pip" install -q autobahntestsuite==0.8.2
  } >"$folder/install.log" 2>&1 || skip "autobahntestsuite could not be installed: $folder/install.log"
}

conformance() {
  local found
  for found in build/{release,asan,debug}/sio-conformance; do
    if [[ -x $found ]]; then
      echo "$found"
      return
    fi
  done
  echo "sio-conformance is not built" >&2
  return 1
}

install
server=$(conformance)
: >"$folder/server.log"
"$server" --port 0 --ws-echo --max-payload 33554432 2>"$folder/server.log" &
pid=$!
trap 'kill "$pid" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  port=$(sed -n 's/^listening on .*://p' "$folder/server.log")
  [[ -n $port ]] && break
  sleep 0.1
done
[[ -n $port ]] || { echo "it does not listen: $(cat "$folder/server.log")" >&2 && exit 1; }

cat >"$folder/spec.json" <<JSON
{
  "outdir": "$folder/reports",
  "servers": [{"agent": "knotos", "url": "ws://127.0.0.1:$port"}],
  "cases": ["*"],
  "exclude-cases": ["12.*", "13.*"],
  "exclude-agent-cases": {}
}
JSON
timeout "$running" "$folder/env/bin/wstest" -m fuzzingclient -s "$folder/spec.json" \
  >"$folder/wstest.log" 2>&1
python3 tests/wire/autobahn/verdict.py "$folder/reports/index.json"
