#!/usr/bin/env python3
"""Runs Knotos and its peers alternately on one core, with `knotos bench` on another, and prints one
table of medians and one of ratios. Only ratios of runs side by side mean anything: machines differ,
and so does the same machine an hour later.

Started by `./dev bench`. A foreign server joins in with --peer NAME='COMMAND {port}'.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shlex
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"
KNOTOS = pathlib.Path(os.environ.get("KNOTOS_BINARY", BUILD / "knotos"))
NODE = ROOT / "bench/peers/node"
DOCUMENT = ROOT / "docs/benchmarks.md"
MARK = "## The last run"
KNOTOS_FLAGS = ["--rate-messages", "0", "--rate-auth", "0", "--rate-connect", "0",
                "--connections-max", "19500", "--log-level", "warning"]

# Scenario → what `knotos bench` is told, which peers run beside Knotos, and what is shown.
FANOUT_PEERS = ["node", "node-redis", "original", "uws", "floor", "floor-even", "floor-single"]
SCENARIOS = {
    "fanout-1000": ("fanout --members 1000 --users 8", FANOUT_PEERS),
    "fanout-100": ("fanout --members 100 --users 8", FANOUT_PEERS),
    "fanout-10": ("fanout --members 10 --users 8", FANOUT_PEERS),
    "single": ("fanout --members 1000 --users 8 --window 1", ["node", "original", "uws", "floor"]),
    "paced": ("fanout --members 1000 --users 8 --rate 100", ["uws", "floor", "floor-even"]),
    "paced-2000": ("fanout --members 1000 --users 8 --rate 2000", ["uws", "floor", "floor-even"]),
    "rooms": ("rooms --users 40", ["node", "original", "uws", "floor", "floor-even"]),
    "rooms-2000": ("rooms --users 40 --rate 2000", ["node", "original", "uws", "floor"]),
    "idle": ("idle --links 10000 --users 8 --seconds 3", ["node", "uws", "floor"]),
    "storm": ("storm --links 2000 --users 8 --rooms 4", ["node", "uws", "floor"]),
    "reconnect": ("storm --links 10000 --users 8 --rooms 4 --window 512", []),
    "stalled": ("fanout --members 1000 --users 8 --rate 50 --stalled 10000", []),
    "unstalled": ("fanout --members 1000 --users 8 --rate 50", []),
    "list": ("list --rooms 1000", []),
    # By CPU: the generator needs a share of the second core itself.
    "shards": ("fanout --members 1000 --users 8", ["knotos-2"]),
}
FRESH = {"idle", "storm", "reconnect", "stalled", "unstalled"}
GROUPS = {
    "fanout": ["fanout-1000", "fanout-100", "fanout-10"],
    "growth": ["fanout-100", "fanout-1000", "fanout-10000"],
    "stalled": ["unstalled", "stalled"],
    "storm": ["storm", "reconnect"],
    "rooms": ["rooms", "rooms-2000"],
    "paced": ["paced", "paced-2000", "single"],
}
SCENARIOS["fanout-10000"] = ("fanout --members 10000 --users 8", ["floor", "floor-even"])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One server in a process group of its own, pinned to core 0, or with two shards to both."""

    def __init__(self, name, command):
        self.name = name
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="knotos-bench-")
        self.log = open(pathlib.Path(self.folder) / "log", "w")
        text = [part.format(port=self.port, folder=self.folder) for part in command]
        cores = ["taskset", "-c", "0,1" if name == "knotos-2" else "0"]
        self.process = subprocess.Popen(cores + text, stdout=self.log, stderr=self.log,
                                        cwd=NODE, start_new_session=True)
        self.wait()

    def wait(self):
        for _ in range(400):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.05)
        said = pathlib.Path(self.folder, "log").read_text()[-500:]
        self.stop()
        raise RuntimeError(f"{self.name} did not start: {said}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Peers:
    """What can be started, and what runs."""

    def __init__(self, foreign):
        self.redis = None
        self.running = {}
        knotos = [str(KNOTOS), "serve", "--listen", "127.0.0.1:{port}", "--data-dir", "{folder}",
                  *KNOTOS_FLAGS]
        self.commands = {
            "knotos": [*knotos, "--shards", "1"],
            "knotos-2": [*knotos, "--shards", "2"],
            "floor": [str(BUILD / "bench/bench-floor"), "{port}"],
            "floor-single": [str(BUILD / "bench/bench-floor"), "{port}", "--per-message"],
        }
        if (NODE / "node_modules").is_dir():
            self.commands["node"] = ["node", "socketio.mjs", "{port}"]
            if shutil.which("redis-server"):
                self.redis = Server("redis", ["redis-server", "--port", "{port}", "--save", "",
                                              "--bind", "127.0.0.1", "--dir", "{folder}"])
                url = f"redis://127.0.0.1:{self.redis.port}"
                self.commands["node-redis"] = ["node", "socketio.mjs", "{port}", url]
                self.commands["original"] = ["node", "original.mjs", "{port}", url]
        for name, command in foreign:
            self.commands[name] = shlex.split(command)

    def pad_floor(self, pad):
        """A floor whose messages are as long as Knotos's."""
        self.commands["floor-even"] = [*self.commands["floor"], "--pad", str(pad)]

    def server(self, name):
        if name not in self.running:
            self.running[name] = Server(name, self.commands[name])
        return self.running[name]

    def drop(self, name):
        if name in self.running:
            self.running.pop(name).stop()

    def stop(self):
        for name in list(self.running):
            self.drop(name)
        if self.redis:
            self.redis.stop()


def measure(server, name, arguments, seconds):
    command = ["taskset", "-c", "1", str(KNOTOS), "bench", *arguments.split(), "--url",
               f"http://127.0.0.1:{server.port}", "--json"]
    if "--seconds" not in arguments:
        command += ["--seconds", str(seconds), "--warmup", "1"]
    if not name.startswith("knotos"):
        command.append("--plain")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode != 0:
        print(f"  {name}: {done.stderr.strip()}", file=sys.stderr)
        return None
    return json.loads(done.stdout)


def medians(runs):
    keys = {key for run in runs for key, value in run.items() if isinstance(value, (int, float))}
    return {key: statistics.median([run[key] for run in runs if key in run]) for key in keys}


def run_scenario(peers, scenario, rounds, seconds):
    arguments, beside = SCENARIOS[scenario]
    names = ["knotos"] + [name for name in beside if name in peers.commands]
    runs = {name: [] for name in names}
    for turn in range(rounds):
        for name in names:
            print(f"  {scenario}, round {turn + 1} of {rounds}: {name}", file=sys.stderr)
            found = measure(peers.server(name), name, arguments, seconds)
            if found:
                runs[name].append(found)
            if scenario in FRESH:
                peers.drop(name)
    return {name: medians(found) for name, found in runs.items() if found}


def sqlite_floor():
    """CPU of an insert, in microseconds, when 256 share a commit."""
    program = BUILD / "bench/bench-sqlite-floor"
    with tempfile.TemporaryDirectory(prefix="knotos-bench-") as folder:
        command = ["taskset", "-c", "0", str(program), folder, "40000", "256"]
        found = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
                 for _ in range(3)]
    return statistics.median([each["cpuPerInsertUs"] for each in found])


def start_time(messages):
    """Milliseconds from exec to a ready server with so many stored messages."""
    with tempfile.TemporaryDirectory(prefix="knotos-bench-") as folder:
        make = [str(KNOTOS), "serve", "--listen", "127.0.0.1:0", "--data-dir", folder]
        first = subprocess.Popen(make, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        file = pathlib.Path(folder, "knotos.db")
        wait_for(lambda: has_messages(file))
        first.send_signal(signal.SIGTERM)
        first.wait()
        fill(file, messages)
        times = []
        for _ in range(5):
            port = free_port()
            began = time.monotonic()
            server = subprocess.Popen(
                ["taskset", "-c", "0", str(KNOTOS), "serve", "--listen", f"127.0.0.1:{port}",
                 "--data-dir", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_for(lambda: is_ready(port))
            times.append((time.monotonic() - began) * 1000)
            server.send_signal(signal.SIGTERM)
            server.wait()
    return statistics.median(times)


def wait_for(ask):
    while not ask():
        time.sleep(0.002)


def has_messages(file):
    try:
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            return bool(database.execute("PRAGMA table_info(messages)").fetchall())
        finally:
            database.close()
    except sqlite3.OperationalError:
        return False


def is_ready(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as link:
            link.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return link.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def fill(file, messages):
    """Messages in a thousand chats, straight into the file: every column that must not be null."""
    database = sqlite3.connect(file)
    columns = list(database.execute("PRAGMA table_info(messages)"))
    needed = [(row[1], row[2]) for row in columns if row[3] and row[4] is None]

    def value(name, kind, number):
        if name == "chat_id":
            return (number % 1000).to_bytes(16, "big")
        if kind == "BLOB":
            return number.to_bytes(16, "big")
        if kind == "TEXT":
            return f"text {number}"
        return number // 1000 + 1

    names = ", ".join(name for name, _ in needed)
    marks = ", ".join("?" * len(needed))
    with database:
        database.executemany(
            f"INSERT INTO messages ({names}) VALUES ({marks})",
            ([value(name, kind, number) for name, kind in needed] for number in range(messages)))
    database.close()


def shares(found, insert):
    """Knotos over each peer: throughput, and work per CPU, which other tenants do not sway."""
    ours = found["knotos"]
    rows = []
    for name, theirs in found.items():
        if name == "knotos":
            continue
        row = {"peer": name}
        for key in ("deliveriesPerSecond", "messagesPerSecond", "linksPerSecond"):
            if theirs.get(key):
                row[key] = ours.get(key, 0) / theirs[key]
                break
        for key in ("serverCpuPerDeliveryUs", "serverCpuPerLinkUs"):
            if theirs.get(key) and ours.get(key):
                row["byCpu"] = theirs[key] / ours[key]
        if theirs.get("deliveryP50Ms"):
            row["p50"] = ours["deliveryP50Ms"] / theirs["deliveryP50Ms"]
            row["p99"] = ours["deliveryP99Ms"] / max(theirs["deliveryP99Ms"], 0.001)
        if name.startswith("floor") and name != "floor-single" and insert:
            per_message = theirs.get("serverCpuPerMessageUs", 0)
            if per_message and ours.get("serverCpuPerMessageUs"):
                row["ofBound"] = (per_message + insert) / ours["serverCpuPerMessageUs"]
        rows.append(row)
    return rows


def number(value, places=0):
    return "" if value is None else f"{value:,.{places}f}"


def figures_table(found):
    heads = [("messages/s", "messagesPerSecond", 0), ("deliveries/s", "deliveriesPerSecond", 0),
             ("links/s", "linksPerSecond", 0), ("lists/s", "listsPerSecond", 0),
             ("p50 ms", "deliveryP50Ms", 2), ("p99 ms", "deliveryP99Ms", 2),
             ("list p50 ms", "listP50Ms", 2), ("list p99 ms", "listP99Ms", 2),
             ("bytes/delivery", "bytesPerDelivery", 0),
             ("CPU µs/message", "serverCpuPerMessageUs", 1),
             ("CPU µs/link", "serverCpuPerLinkUs", 1), ("bytes/link", "serverBytesPerLink", 0),
             ("memory MB", "serverMemoryBytes", 0), ("core", "serverCpuShare", 2),
             ("generator", "ownCpuShare", 2), ("missing", "missingDeliveries", 0),
             ("errors", "errors", 0)]
    heads = [head for head in heads if any(head[1] in each for each in found.values())]
    lines = ["| server | " + " | ".join(head[0] for head in heads) + " |",
             "|---" * (len(heads) + 1) + "|"]
    for name, each in found.items():
        cells = []
        for _, key, places in heads:
            value = each.get(key)
            if key == "serverMemoryBytes" and value is not None:
                value /= 1e6
            cells.append(number(value, places))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def ratios_table(rows):
    heads = [("throughput", ("deliveriesPerSecond", "messagesPerSecond", "linksPerSecond")),
             ("work per CPU second", ("byCpu",)), ("p50", ("p50",)), ("p99", ("p99",)),
             ("share of the bound", ("ofBound",))]
    lines = ["| Knotos over | " + " | ".join(head for head, _ in heads) + " |",
             "|---" * (len(heads) + 1) + "|"]
    for row in rows:
        cells = [next((number(row[key], 2) for key in keys if key in row), "")
                 for _, keys in heads]
        lines.append(f"| {row['peer']} | " + " | ".join(cells) + " |")
    return lines if rows else []


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.processor())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, text=True,
                            capture_output=True, check=False).stdout.strip()
    day = datetime.datetime.now(datetime.timezone.utc).strftime("%d %B %Y, %H:%M UTC")
    return (f"{day}, commit {commit}, {model}, {os.cpu_count()} cores, Linux "
            f"{platform.release()}, load {os.getloadavg()[0]:.1f} beside it.")


class Lines(list):
    """What is told, line by line as it is found: a run of an hour must not lose what it has."""

    def __iadd__(self, lines):
        print("\n".join(lines), flush=True)
        return super().__iadd__(lines)


def report(peers, scenarios, arguments):
    insert = sqlite_floor()
    lines = Lines()
    lines += [machine(), "", f"Command: `./dev bench {' '.join(sys.argv[1:])}`.", "",
             f"SQLite's CPU per insert, 256 a commit: {insert:.1f} µs.", ""]
    pad = None
    for scenario in scenarios:
        if pad is None and "floor-even" in SCENARIOS[scenario][1]:
            ours = measure(peers.server("knotos"), "knotos", "fanout --members 10 --users 4", 1)
            floor = measure(peers.server("floor"), "floor", "fanout --members 10", 1)
            if ours and floor:
                pad = int(ours["bytesPerDelivery"] - floor["bytesPerDelivery"]) - 9
                peers.pad_floor(max(pad, 0))
        print(f"{scenario}: {SCENARIOS[scenario][0]}", file=sys.stderr)
        found = run_scenario(peers, scenario, arguments.rounds, arguments.seconds)
        lines += [f"### {scenario}: `knotos bench {SCENARIOS[scenario][0]}`", ""]
        lines += figures_table(found) + [""]
        if "knotos" in found:
            lines += ratios_table(shares(found, insert)) + [""]
    return lines


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n\n")[0])
    parser.add_argument("scenario", nargs="*", help=", ".join([*SCENARIOS, *GROUPS, "start"]))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND",
                        help="a foreign server; {port} in its command is the port to listen on")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {DOCUMENT.name}")
    arguments = parser.parse_args()
    wanted = arguments.scenario or [*SCENARIOS, "start"]
    unknown = [name for name in wanted if name not in SCENARIOS | GROUPS | {"start": 0}]
    if unknown:
        parser.error(f"there is no scenario {', '.join(unknown)}")
    scenarios = [each for name in wanted for each in GROUPS.get(name, [name]) if each != "start"]

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that the servers are stopped.
    peers = Peers([peer.split("=", 1) for peer in arguments.peer])
    try:
        lines = report(peers, scenarios, arguments)
    finally:
        peers.stop()
    if "start" in wanted:
        lines += [f"### start: ready after {start_time(1_000_000):.0f} ms with 1,000,000 stored "
                  "messages", ""]
    text = "\n".join(lines)
    if arguments.write:
        kept = DOCUMENT.read_text().split(MARK)[0]
        DOCUMENT.write_text(f"{kept}{MARK}\n\n{text}\n")


if __name__ == "__main__":
    main()
