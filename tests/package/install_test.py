#!/usr/bin/env python3
"""Installs the Socket.IO library to a prefix of its own, builds an example against it as a stranger
would, and talks to it."""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "socketio"
TIMEOUT = 30


def run(*command):
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True)


def port_of(server):
    for line in server.stderr:
        found = re.search(r"listening .*port=(\d+)", line)
        if found:
            return int(found[1])
    sys.exit("The server ended before it was listening.")


def converse(port):
    base = f"http://127.0.0.1:{port}/socket.io/?EIO=4&transport=polling"

    def ask(url, body=None):
        data = None if body is None else body.encode()
        with urllib.request.urlopen(url, data, timeout=TIMEOUT) as answer:
            return answer.read().decode()

    url = base + "&sid=" + json.loads(ask(base)[1:])["sid"]
    assert ask(url, "40") == "ok"
    assert ask(url).startswith('40{"sid":"'), "CONNECT was not answered."
    assert ask(url, '421["hello",{"a":[1,null]}]') == "ok"
    answer = ask(url)
    assert answer == '42["hello",{"a":[1,null]}]\x1e431[{"a":[1,null]}]', answer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--compiler", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="knotos-package-") as folder:
        prefix = pathlib.Path(folder) / "prefix"
        outside = pathlib.Path(folder) / "build"
        run("cmake", "--install", arguments.build, "--component", "socketio",
            "--prefix", prefix)
        run("cmake", "-S", EXAMPLES, "-B", outside, "-G", "Ninja",
            f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={arguments.compiler}",
            "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld-19")
        run("cmake", "--build", outside, "--target", "socketio-echo")
        program = [outside / "socketio-echo", "0"]
        with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as server:
            try:
                converse(port_of(server))
            finally:
                server.terminate()
                server.communicate(timeout=TIMEOUT)
        assert server.returncode == 0, f"It ended with {server.returncode}."


if __name__ == "__main__":
    main()
