# Sourced by ./dev: the suites, and what is said of them at the end.
#
# Unit, contract, fault and corpus tests run once, in the address + undefined build; what has threads runs
# again in the thread build; the end-to-end tests drive the release binary, and the address + undefined one
# with hostile bytes.

readonly tsan_tests='^unit_(runtime|server|gateway|services)$|^contract|^integration'

suite_names=()
suite_verdicts=()
suite_seconds=()

# What a suite's command returns when it says that it cannot run here.
readonly skipped=77

# Each suite's output is kept here, and the end of what failed is said once more at the very end.
readonly outputs=build/test-output
readonly lines_said_again=120

output_of() {
  echo "$outputs/${1//[^a-z0-9]/-}.txt"
}

# Until a process has ended; at most 5 s, since what a suite left behind may hold its output open.
await_end() {
  local _
  for _ in {1..50}; do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
}

# suite NAME COMMAND…: runs it, times it, remembers how it ended.
suite() {
  local name=$1 began=$SECONDS verdict=passed status=0
  shift
  mkdir -p "$outputs"
  printf '\n===== %s\n' "$name"
  "$@" > >(exec tee "$(output_of "$name")") 2>&1 || status=$?
  await_end $!
  if ((status == skipped)); then
    verdict=skipped
  elif ((status != 0)); then
    verdict=FAILED
  fi
  suite_names+=("$name")
  suite_verdicts+=("$verdict")
  suite_seconds+=($((SECONDS - began)))
  printf '===== %s: %s in %d s\n' "$name" "$verdict" $((SECONDS - began))
}

summary() {
  local failed=0 index
  for index in "${!suite_names[@]}"; do
    [[ ${suite_verdicts[index]} == FAILED ]] || continue
    printf '\n===== %s, its last lines\n' "${suite_names[index]}"
    tail -n "$lines_said_again" "$(output_of "${suite_names[index]}")"
  done
  printf '\n===== summary\n'
  for index in "${!suite_names[@]}"; do
    printf '%-28s %-7s %5d s\n' "${suite_names[index]}" "${suite_verdicts[index]}" \
      "${suite_seconds[index]}"
    [[ ${suite_verdicts[index]} == FAILED ]] && failed=$((failed + 1))
  done
  if ((failed > 0)); then
    echo "$failed of ${#suite_names[@]} suites failed."
    return 1
  fi
  echo "All ${#suite_names[@]} suites passed or were skipped, in $SECONDS s."
}

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}

# ctest_in PRESET ARGUMENT…
ctest_in() {
  local preset=$1
  shift
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$(nproc)" "$@" </dev/null
}

# The tests of a preset whose name matches; each is a target of the same name.
tests_named() {
  ctest --test-dir "build/$1" -N -R "$2" 2>/dev/null | sed -n 's/^ *Test *#[0-9]*: //p'
}

build_named_tests() {
  local -a targets
  configure "$1" && mapfile -t targets < <(tests_named "$1" "$2") && build "$1" "${targets[@]}"
}

test_style() {
  suite "style" ctest_in "$1" -L style
}

test_unit() {
  suite "build debug" build debug
  suite "unit and contract" ctest_in debug -LE style
}

# What `build release` leaves for the tests that drive it from outside.
readonly release_targets=(knotos sio-conformance socketio-echo socketio-chat_room)

test_asan() {
  suite "build asan" build asan
  suite "address + undefined" ctest_in asan -LE style
}

test_tsan() {
  suite "build tsan" build_named_tests tsan "$tsan_tests"
  suite "thread" ctest_in tsan -R "$tsan_tests"
}

node_tests() {
  install_node_packages tests/e2e || return 1
  (cd tests/e2e && node --test --test-reporter=spec "$@" </dev/null)
}

# test_e2e [NAME…]: NAME is a file of tests/e2e without `.test.mjs`.
test_e2e() {
  local -a files=("${@/%/.test.mjs}")
  if [[ $# -eq 0 ]]; then
    mapfile -t files < <(cd tests/e2e && ls ./*.test.mjs)
  fi
  suite "end to end" node_tests "${files[@]}"
}

# What a chat does must not depend on where it is stored. Left out: what tries SQLite's files, the process
# and its settings, or never comes to the store.
readonly mongo_tests=(accounts bad_input bad_input_table chats drain edge_input first_chat groups kill messages
  own_account presence private reactions receipts resume slow_reader typing)

mongo_tests() {
  install_node_packages tests/e2e || return 1
  (cd tests/e2e && node on_mongo.mjs "${@/%/.test.mjs}" </dev/null)
}

# test_mongo [NAME…]: as test_e2e.
test_mongo() {
  local -a names=("$@")
  [[ $# -eq 0 ]] && names=("${mongo_tests[@]}")
  suite "end to end on MongoDB" mongo_tests "${names[@]}"
}

# A fleet on this machine: parts of it killed, frozen and cut off under load; and behind proxies.
test_fleet() {
  suite "fleet" node_tests ../fault/fleet/fleet.test.mjs ../fault/fleet/front.test.mjs
}

test_model() {
  suite "reference model" node_tests ../model/model.test.mjs
}

# Whatever is described was answered, acked or told in one of the tests before, which have written down
# what they saw.
all_described_seen() {
  (cd tests/e2e && node seen.mjs </dev/null)
}

# Everything that drives the binary from outside by Node.js.
test_outside() {
  export KNOTOS_TEST_SEEN=$PWD/build/e2e-seen
  rm -rf "$KNOTOS_TEST_SEEN"
  test_e2e
  test_model
  suite "all that is described" all_described_seen
  unset KNOTOS_TEST_SEEN
}

schemathesis_tests() {
  install_python_packages build/schemathesis tests/schemathesis/requirements.txt &&
    build/schemathesis/bin/python tests/schemathesis/run.py "$PWD/build/release/knotos" </dev/null
}

test_schemathesis() {
  suite "schemathesis" schemathesis_tests
}

web_unit() {
  install_node_packages web && (cd web && npm run --silent check && npm run --silent unit) </dev/null
}

web_browser() {
  (cd web && npx --no-install playwright test "$@" </dev/null)
}

# test_web [FILE…]: files of web/tests/browser, by a part of their name.
test_web() {
  suite "web unit" web_unit
  suite "web" web_browser "$@"
}

# Raw sockets and other people's clients against sio-conformance, in the address + undefined build.
wire_tests() {
  # Some drive the binary, by the end-to-end tests' harness.
  install_node_packages tests/e2e && install_node_packages tests/wire || return 1
  # They wait for timers more than they work.
  (cd tests/wire && node --test --test-concurrency=4 --test-reporter=spec "$@" </dev/null)
}

# test_wire [NAME…]: NAME is a file of tests/wire without `.test.mjs`.
test_wire() {
  local -a files=("${@/%/.test.mjs}")
  if [[ $# -eq 0 ]]; then
    mapfile -t files < <(cd tests/wire && ls ./*.test.mjs)
  fi
  suite "wire" wire_tests "${files[@]}"
}

test_autobahn() {
  suite "autobahn" bash tests/wire/autobahn/run.sh
}

test_all() {
  suite "build web" build_web
  suite "build release" build release "${release_targets[@]}"
  test_style release
  suite "installed package" ctest_in release -L package
  test_asan
  test_tsan
  test_outside
  test_mongo
  test_fleet
  test_wire
  test_autobahn
  test_schemathesis
  test_web
}

test_command() {
  local chosen
  install_packages "to build Knotos" "${packages_build[@]}"
  install_packages "to test Knotos" "${packages_test[@]}"
  install_packages "to test it beside other servers" "${packages_servers[@]}"
  if [[ $# -eq 0 ]]; then
    test_all
  elif [[ $1 == e2e || $1 == mongo ]]; then
    chosen=$1
    shift
    suite "build release" build release "${release_targets[@]}"
    "test_$chosen" "$@"
  elif [[ $1 == wire ]]; then
    shift
    suite "build asan" build asan knotos sio-conformance
    test_wire "$@"
  elif [[ $1 == web ]]; then
    shift
    suite "build web" build_web
    suite "build release" build release knotos
    test_web "$@"
  else
    for chosen in "$@"; do
      case $chosen in
        style) configure debug && test_style debug ;;
        schemathesis | model | fleet) suite "build release" build release knotos && "test_$chosen" ;;
        unit | asan | tsan) "test_$chosen" ;;
        autobahn) suite "build release" build release sio-conformance && test_autobahn ;;
        *)
          echo "There is no suite '$chosen'. Suites: style unit asan tsan e2e mongo fleet" \
            "schemathesis model web wire autobahn" >&2
          return 2
          ;;
      esac
    done
  fi
  summary
}
