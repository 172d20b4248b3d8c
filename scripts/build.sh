# Sourced by ./dev: configuring and building a preset.

# One compiler a core, but no more than memory holds: the heaviest files take about a gigabyte.
build_jobs() {
  local cores kilobytes by_memory
  cores=$(nproc)
  kilobytes=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
  by_memory=$((${kilobytes:-4000000} / 1200000))
  ((by_memory < 1)) && by_memory=1
  echo $((by_memory < cores ? by_memory : cores))
}

configure() {
  [[ -f build/$1/build.ninja ]] || cmake --preset "$1"
}

# build PRESET [TARGET…]; no target: all of them. Does nothing, quickly, when nothing changed.
build() {
  local preset=$1
  shift
  configure "$preset" && ninja -C "build/$preset" -j "$(build_jobs)" "$@"
}

# The web client as one file, which the binary takes in. Without Node.js there is none, and the
# server says so; with it, nothing happens where nothing changed since.
build_web() {
  local pack=build/web/app.pack
  mkdir -p build/web
  if [[ ${KNOTOS_WEB:-on} == off ]] || ! node_is_there; then
    [[ -f $pack && ! -s $pack ]] || : >"$pack"
    echo "The server is built without its web client, which needs Node.js $node_major_min or newer." >&2
    return 0
  fi
  local inputs=(web/src web/public web/worker web/scripts web/index.html web/package-lock.json
    web/vite.config.ts web/svelte.config.js web/docs/{package-lock.json,index.html,docs.js,docs.css})
  if [[ -s $pack && -z $(find "${inputs[@]}" -newer "$pack" -print -quit) ]]; then
    return 0
  fi
  install_node_packages web &&
    (cd web && npm run build --silent </dev/null)
}

build_command() {
  local preset=${1:-release}
  [[ $# -gt 0 ]] && shift
  case $preset in
    release | debug | asan | tsan | fuzz) ;;
    *)
      echo "There is no preset '$preset'. Presets: release debug asan tsan fuzz" >&2
      return 2
      ;;
  esac
  install_packages "to build Knotos" "${packages_build[@]}"
  if [[ $# -eq 0 && $preset != fuzz ]]; then
    set -- knotos sio-conformance
  fi
  build_web
  build "$preset" "$@"
}
