# Sourced by ./dev: format, lint, fuzz and the hook.

# Of the names on standard input, those that are there.
existing_files() {
  local file
  while read -r file; do
    if [[ -f $file ]]; then echo "$file"; fi
  done
}

cpp_files() {
  git ls-files --cached --others --exclude-standard -- 'src/*.[ch]pp' 'tests/*.[ch]pp' |
    existing_files
}

# C++ files that differ from main, committed or not.
changed_cpp_files() {
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main)
  { git diff --name-only "$base" && git ls-files --others --exclude-standard; } |
    grep -E '^(src|tests)/.*\.[ch]pp$' | sort -u |
    existing_files
}

format() {
  install_packages "to test Knotos" "${packages_test[@]}"
  if [[ ${1:-} == --check ]]; then
    cpp_files | xargs --no-run-if-empty clang-format-19 --dry-run --Werror
  else
    cpp_files | xargs --no-run-if-empty clang-format-19 -i
  fi
}

lint() {
  install_packages "to build Knotos" "${packages_build[@]}"
  install_packages "to test Knotos" "${packages_test[@]}"
  local -a files
  case ${1:-} in
    --all) mapfile -t files < <(cpp_files) ;;
    "") mapfile -t files < <(changed_cpp_files) ;;
    *) files=("$@") ;;
  esac
  if ((${#files[@]} == 0)); then
    echo "No C++ file differs from main."
    return 0
  fi
  clang-format-19 --dry-run --Werror "${files[@]}"

  # Without precompiled headers, so that nothing has to be built before clang-tidy can read a file.
  [[ -f build/lint/build.ninja ]] || cmake --preset debug -B build/lint -DKNOTOS_PCH=OFF >/dev/null
  local -a sources
  mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '\.cpp$')
  ((${#sources[@]} == 0)) && return 0
  printf '%s\n' "${sources[@]}" |
    xargs -P "$(build_jobs)" -n 1 clang-tidy-19 -p build/lint --quiet
}

fuzz_targets() {
  configure fuzz >/dev/null && ninja -C build/fuzz -t targets all |
    sed -n 's/^\(fuzz_[a-z0-9_]*\): phony$/\1/p'
}

fuzz() {
  install_packages "to build Knotos" "${packages_build[@]}"
  local target=${1:-} seconds=60
  if [[ -z $target ]]; then
    echo "Targets for ./dev fuzz TARGET --seconds N:"
    fuzz_targets | sed 's/^/  /'
    return 0
  fi
  if [[ ${2:-} == --seconds ]]; then
    seconds=${3:?--seconds needs a number}
  fi
  build fuzz "$target"
  local program found=build/fuzz/corpus/$target seeds=tests/fuzz/corpus/${target#fuzz_}
  program=$(find build/fuzz -type f -executable -name "$target" -print -quit)
  mkdir -p "$found"
  [[ -d $seeds ]] || seeds=""
  # New inputs go to the first folder; a crash is left beside it, to become a named unit test.
  "$program" -max_total_time="$seconds" -artifact_prefix="build/fuzz/crash-" "$found" $seeds
}

hooks() {
  local folder
  folder=$(git rev-parse --git-path hooks)
  mkdir -p "$folder"
  ln -sf "$PWD/scripts/pre-commit" "$folder/pre-commit"
  echo "The pre-commit hook is installed: $folder/pre-commit"
}
