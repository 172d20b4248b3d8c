"""The table that the house stands on: who may include whom, and where each library belongs."""

# Room → rooms it may include besides itself. "*": all. A room of adapters/ is a room of its own.
ADAPTER = {"ports", "domain", "runtime", "base"}
ROOMS = {
    "base": set(),
    "protocol": {"base"},
    "domain": {"base"},
    "ports": {"domain", "base"},
    "services": {"ports", "domain", "base"},
    "server": {"protocol", "base"},
    "runtime": {"server", "protocol", "base"},
    "json": {"services", "ports", "domain", "base"},
    "adapters/crypto": ADAPTER,
    "adapters/memory": ADAPTER,
    "adapters/mongo": ADAPTER,
    "adapters/redis": ADAPTER,
    "adapters/sqlite": ADAPTER,
    "adapters/system": ADAPTER,
    "gateway": {"services", "ports", "domain", "json", "server", "protocol", "base"},
    "api": {"services", "ports", "domain", "json", "runtime", "server", "protocol", "base"},
    "bench": {"protocol", "base"},
    "webapp": {"protocol", "base"},
    "app": {"*"},
    "conformance": {"runtime", "server", "protocol", "base"},
}

# Of these rooms only the named headers may be included by the room on the left.
ONLY_HEADERS = {("api", "server"): {"server/http_exchange.hpp"}}

# Header prefix → where it may stand: rooms, or single files. The first prefix that fits decides.
ADAPTERS = {room for room in ROOMS if room.startswith("adapters/")}
ASIO_IN_BASE = {"base/task.hpp", "base/task.cpp", "base/shards.hpp"}
LIBRARIES = [
    ("boost/asio/", ADAPTERS | {"runtime", "app", "conformance"} | ASIO_IN_BASE),
    ("boost/beast/", {"runtime"}),
    ("boost/json", {"protocol", "json", "gateway", "api", "app", "adapters/crypto", "conformance",
                     "bench"}),
    ("boost/", {"*"}),  # Small value types: intrusive pointers, containers.
    ("openssl/", {"base", "runtime", "adapters/crypto"}),
    ("sodium", {"base", "adapters/crypto", "adapters/system", "conformance"}),
    ("sqlite3", {"adapters/sqlite"}),
    ("hiredis/", {"adapters/redis"}),
    ("mongoc/", {"adapters/mongo"}),
    ("bson/", {"adapters/mongo"}),
    ("simdjson", {"protocol", "json"}),
    ("spdlog/", {"base"}),
    ("fmt/", {"*"}),
    ("prometheus/", {"api"}),
    ("CLI/", {"app", "conformance", "bench"}),
    ("toml++/", {"app"}),
    ("unicode/", {"domain", "services"}),
    ("zlib", {"runtime", "server"}),
]

# Headers of the system, not of C++: whoever includes them touches files, sockets or threads.
SYSTEM = ("sys/", "netinet/", "arpa/", "linux/", "unistd.h", "fcntl.h", "poll.h", "pthread.h",
          "sched.h", "signal.h", "netdb.h", "dirent.h", "grp.h", "pwd.h")
SYSTEM_ROOMS = {"base", "runtime", "app", "bench"} | ADAPTERS

COLUMNS_MAX = 100
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
LEFTOVERS = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")
