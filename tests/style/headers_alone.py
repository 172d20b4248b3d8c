#!/usr/bin/env python3
"""Every header of src/ compiles alone: whoever includes it needs to know of no other.

A header that passed is not compiled again until it, or a header of the project that it includes,
changes: the stamps are digests in a file of the build directory.
"""
import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

OWN_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
FLAGS = ["-std=c++23", "-fsyntax-only", "-x", "c++", "-Wall", "-Wextra", "-Werror",
         "-DBOOST_ASIO_NO_DEPRECATED", "-DBOOST_ASIO_DISABLE_BOOST_COROUTINE=1"]
# Libraries whose headers are not where a compiler looks by itself.
PACKAGES = ["libmongoc-1.0"]
FLAGS += subprocess.run(["pkg-config", "--cflags-only-I", *PACKAGES],
                        capture_output=True, check=False, text=True).stdout.split()


class Headers:
    def __init__(self, src, compiler):
        self.src = src
        self.compiler = compiler
        self.paths = sorted(src.rglob("*.hpp"))

    @functools.cache
    def reach(self, path):
        """The header and all headers of the project that it includes, however far away."""
        reached, waiting = set(), [path]
        while waiting:
            current = waiting.pop()
            if current in reached or not current.is_file():
                continue
            reached.add(current)
            waiting += [self.src / name for name in OWN_INCLUDE.findall(current.read_text())]
        return sorted(reached)

    def digest(self, path):
        sha = hashlib.sha256(json.dumps([self.compiler, FLAGS]).encode())
        for reached in self.reach(path):
            sha.update(str(reached.relative_to(self.src)).encode() + b"\0" + reached.read_bytes())
        return sha.hexdigest()

    def complaint(self, path):
        """What the compiler says of a file that includes only this header; empty: nothing."""
        source = f'#include "{path.relative_to(self.src).as_posix()}"\n'
        run = subprocess.run([self.compiler, *FLAGS, f"-I{self.src}", "-"], input=source,
                             capture_output=True, text=True, check=False)
        return "" if run.returncode == 0 else run.stderr or f"exit status {run.returncode}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--src", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2] / "src")
    parser.add_argument("--stamps", type=pathlib.Path, required=True)
    parser.add_argument("--compiler", default="clang++-19")
    arguments = parser.parse_args()

    headers = Headers(arguments.src.resolve(), arguments.compiler)
    digests = {str(path): headers.digest(path) for path in headers.paths}
    known = json.loads(arguments.stamps.read_text()) if arguments.stamps.is_file() else {}
    changed = [path for path in headers.paths if known.get(str(path)) != digests[str(path)]]

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = dict(zip(changed, pool.map(headers.complaint, changed)))
    failed = {path: text for path, text in complaints.items() if text}
    for path, text in failed.items():
        print(f"{path.relative_to(headers.src)} does not compile alone:\n{text}")
        del digests[str(path)]
    arguments.stamps.write_text(json.dumps(digests, indent=0))
    print(f"headers: {len(headers.paths)}, compiled {len(changed)}, {len(failed)} failed")
    return 1 if failed or not headers.paths else 0


if __name__ == "__main__":
    sys.exit(main())
