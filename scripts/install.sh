# Sourced by ./dev: what must be on the machine, and how it gets there.

packages_build=(
  clang-19 lld-19 libclang-rt-19-dev llvm-19 ccache cmake ninja-build pkg-config
  libboost1.81-dev libboost-json1.81-dev libsimdjson-dev libssl-dev libsqlite3-dev libhiredis-dev
  libmongoc-dev libsodium-dev libmimalloc-dev
  libcli11-dev libtomlplusplus-dev libspdlog-dev libfmt-dev prometheus-cpp-dev libicu-dev zlib1g-dev
  python3-yaml  # What describes the API is compiled at build time.
  # The tests are part of the same CMake project, so configuring it asks for GoogleTest.
  libgtest-dev libgmock-dev
)
# For the web client. KNOTOS_WEB=off builds the server without it, and needs none of them.
[[ ${KNOTOS_WEB:-on} == off ]] || packages_build+=(nodejs npm ca-certificates)
packages_test=(
  libbenchmark-dev clang-format-19 clang-tidy-19 nodejs npm curl python3 python3-venv sqlite3
  ca-certificates chromium fonts-inter fonts-noto-color-emoji
  dpkg-dev file  # For the Debian package.
  openssl python3-socketio python3-aiohttp python3-requests python3-websocket
)
# Real servers beside ours: a bus, what stands in for a MongoDB, and proxies in front.
packages_servers=(redis-server maven default-jdk-headless haproxy nginx-light)
packages_bench=(nodejs npm python3 redis-server)
readonly node_major_min=18

node_is_there() {
  local major
  major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null) || return 1
  ((major >= node_major_min)) && command -v npm >/dev/null
}

# Prints those of the given packages that are neither installed nor stood in for by a program on PATH.
missing_packages() {
  local package
  local -A installed=()
  while read -r package; do
    installed[$package]=yes
  done < <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p')
  for package in "$@"; do
    [[ -n ${installed[$package]:-} ]] && continue
    case $package in
      nodejs | npm) node_is_there && continue ;;
      curl | openssl | python3 | sqlite3 | redis-server) command -v "$package" >/dev/null && continue ;;
      maven) command -v mvn >/dev/null && continue ;;
      default-jdk-headless) command -v javac >/dev/null && continue ;;
    esac
    echo "$package"
  done
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

# install_packages WHY PACKAGE…: says what it is about to install, then installs only what is missing.
install_packages() {
  local why=$1
  shift
  local -a missing
  if ! command -v dpkg-query >/dev/null; then
    echo "./dev installs packages on Debian 12 only. Needed $why: $*" >&2
    return 1
  fi
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) && return 0

  echo "About to install $why, with apt-get:"
  printf '  %s\n' "${missing[@]}"
  if [[ $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
    echo "That needs root: run ./dev as root, install sudo, or install the packages yourself." >&2
    return 1
  fi
  as_root apt-get update -q </dev/null ||
    echo "The package lists could not be renewed; going on with those that are there." >&2
  as_root apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null
}

# The npm packages of a folder, as its package-lock.json names them; nothing if they are there already.
install_node_packages() {
  local folder=$1
  local stamp=$folder/node_modules/.installed-lock.json
  cmp -s "$folder/package-lock.json" "$stamp" && return 0
  echo "About to install the npm packages that $folder/package-lock.json names."
  (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error </dev/null) &&
    cp "$folder/package-lock.json" "$stamp"
}

# A virtual environment under build/ with what a requirements file names; nothing if it is there already.
install_python_packages() {
  local folder=$1 requirements=$2
  cmp -s "$requirements" "$folder/.installed" && return 0
  echo "About to install the Python packages that $requirements names, into $folder."
  python3 -m venv --clear "$folder" &&
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" &&
    cp "$requirements" "$folder/.installed"
}
