"""Runs schemathesis against /openapi.json of a server of its own: no 5xx, no undescribed answer.

    run.py BINARY [SECONDS [SEED]]
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,"
          "response_headers_conformance,response_schema_conformance,missing_required_header,"
          "ignored_auth")
# After these the token is worth nothing, and everything else would be a 401.
LAST = "logout|deleteMe"
READY_WITHIN_SECONDS = 30
RATES = ("auth", "connect", "messages", "events", "marks", "state", "chats", "people", "sync",
         "account")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url, method="GET", body=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(
            urllib.request.Request(url, data, headers, method=method), timeout=10) as answer:
        return json.loads(answer.read() or "null")


def until_ready(url):
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        try:
            return ask(f"{url}/readyz")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def make_world(url):
    """Two users, a direct chat, a group and a message in each: their ids by parameter."""
    def register(name):
        return ask(f"{url}/v1/auth/register", "POST",
                   {"username": name, "password": "correct horse"})

    ann, ben = register("ann"), register("ben")
    token = ann["accessToken"]
    chats = [
        ask(f"{url}/v1/chats", "POST", {"type": "direct", "userId": ben["user"]["id"]}, token),
        ask(f"{url}/v1/chats", "POST",
            {"type": "group", "title": "The group", "memberIds": [ben["user"]["id"]]}, token)]
    messages = [
        ask(f"{url}/v1/chats/{chat['id']}/messages", "POST", {"content": "Hello!"}, token)
        for chat in chats]
    return token, {"chatId": [chat["id"] for chat in chats],
                   "messageId": [message["messageId"] for message in messages],
                   "userId": [ben["user"]["id"]]}


def schemathesis(url, token, world, seed, *arguments):
    environment = {**os.environ, "KNOTOS_WORLD": json.dumps(world), "KNOTOS_SEED": str(seed),
                   "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    program = Path(sys.executable).parent / "schemathesis"
    command = [program, "run", f"{url}/openapi.json", "--url", url, "--checks", CHECKS,
               "--seed", str(seed), "--header", f"Authorization: Bearer {token}",
               "--request-timeout", "20", "--suppress-health-check", "all", "--warnings", "off",
               "--no-color", *arguments]
    return subprocess.run(command, cwd=HERE, env=environment, check=False).returncode


def main(binary, seconds="60", seed=None):
    seed = int(seed or time.time())
    print(f"seed {seed}", flush=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="knotos-schemathesis-") as data:
        server = subprocess.Popen([
            binary, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", data,
            "--access-token-life-ms", "86400000", "--log-level", "warning",
            *(word for rate in RATES for word in (f"--rate-{rate}", "0"))])
        try:
            until_ready(url)
            token, world = make_world(url)
            failed = schemathesis(
                url, token, world, seed, "--exclude-operation-id-regex", LAST,
                "--phases", "examples,coverage,fuzzing", "--max-time", seconds)
            failed |= schemathesis(
                url, token, world, seed, "--include-operation-id-regex", LAST,
                "--phases", "examples,coverage", "--max-examples", "10")
        finally:
            server.terminate()
            ended = server.wait(timeout=30)
    if ended != 0:
        print(f"the server ended with {ended}")
    return 1 if failed or ended != 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
