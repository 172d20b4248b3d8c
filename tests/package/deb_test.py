#!/usr/bin/env python3
"""Makes the Debian package, installs it as an administrator would, starts what its unit starts, and
removes it again until nothing is left. Exit code 77 (skipped) where that cannot be done here."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SKIPPED = 77
TIMEOUT = 30


def run(*command, **options):
    print("+", *command, flush=True)
    return subprocess.run([str(part) for part in command], check=True, **options)


def skip(why):
    print("Skipped:", why)
    sys.exit(SKIPPED)


def make_package(build):
    for old in build.glob("knotos_*.deb"):
        old.unlink()
    run("cpack", "-G", "DEB", cwd=build, stdout=subprocess.DEVNULL)
    (package,) = build.glob("knotos_*.deb")
    return package


def command_of(unit, state_directory):
    """ExecStart, as systemd would have it."""
    for line in pathlib.Path(unit).read_text().splitlines():
        if line.startswith("ExecStart="):
            command = line.removeprefix("ExecStart=").replace("${STATE_DIRECTORY}", state_directory)
            return command.split()
    sys.exit(f"{unit} starts nothing.")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        return answer.read()


def until_ready(server, url):
    deadline = time.monotonic() + TIMEOUT
    while True:
        assert server.poll() is None, "The server ended at its start."
        try:
            return ask(url + "/readyz")
        except OSError:
            assert time.monotonic() < deadline, "The server does not become ready."
            time.sleep(0.05)


def serve_and_use(folder):
    port = free_port()
    environment = {**os.environ, "KNOTOS_LISTEN": f"127.0.0.1:{port}"}
    command = command_of("/lib/systemd/system/knotos.service", folder)
    print("+", *command, flush=True)
    server = subprocess.Popen(command, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        until_ready(server, url)
        account = {"username": "ann", "password": "correct horse"}
        session = json.loads(ask(url + "/v1/auth/register", account))
        assert session["user"]["username"] == "ann", session
        assert (pathlib.Path(folder) / "knotos.db").is_file(), "It stores elsewhere."
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(TIMEOUT)
    assert code == 0, f"The server ended with {code}."


def traces():
    places = [
        "/usr/bin/knotos", "/etc/knotos", "/usr/share/doc/knotos", "/var/lib/private/knotos",
        "/lib/systemd/system/knotos.service", "/lib/systemd/system/knotos@.service",
        "/etc/systemd/system/multi-user.target.wants/knotos.service",
        "/var/lib/systemd/deb-systemd-helper-enabled/knotos.service.dsh-also",
    ]
    return [place for place in places if os.path.lexists(place)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build
    if os.geteuid() != 0:
        skip("to install a package takes root.")
    if not all(shutil.which(tool) for tool in ("dpkg", "dpkg-shlibdeps", "deb-systemd-helper")):
        skip("this is no Debian with dpkg-dev and init-system-helpers.")
    if traces():
        skip(f"Knotos is installed here: {traces()}")
    if not (build / "knotos").is_file():
        skip("the server is not built.")

    package = make_package(build)
    try:
        run("dpkg", "-i", package)
        run("/usr/bin/knotos", "check-config", "--config", "/etc/knotos/knotos.toml",
            stdout=subprocess.DEVNULL)
        with tempfile.TemporaryDirectory() as folder:
            serve_and_use(folder)
    finally:
        run("dpkg", "-P", "knotos")
    assert not traces(), f"The package has left {traces()}."
    print("The package installs, serves and leaves nothing behind.")


main()
