#!/usr/bin/env python3
"""Style as a test: include arrows, sizes, leftovers, the rows of Errc, the README of each room.

Without arguments it reads the whole project and prints what it finds, one line a finding; exit
status 1 if there is any. `--files a b` checks only these, for the pre-commit hook.
"""
import argparse
import pathlib
import re
import sys

import rules

SKIPPED = {"build", "node_modules", ".git", "corpus", "data", ".cache"}
CPP = {".cpp", ".hpp"}
CODE = CPP | {".mjs", ".py", ".ts", ".svelte", ".css"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
STANDARD = re.compile(r"^[a-z_]+$")
LEFTOVER = re.compile(r"\b(" + "|".join(rules.LEFTOVERS) + r")\b")
FUNCTION_BEGIN = re.compile(r"^( {2})?[A-Za-z_\[~].*[)\w&>]\s*(const|noexcept|override|\s)*\{$")
NOT_A_FUNCTION = re.compile(r"^\s*(class|struct|enum|union|extern|namespace)\b")


def room_of(path):
    """The room of a path below src/: its first folder, or the first two below adapters/."""
    parts = path.parts
    if len(parts) < 2:
        return None
    return "/".join(parts[:2]) if parts[0] == "adapters" and len(parts) > 2 else parts[0]


def is_allowed(place, room, allowed):
    return "*" in allowed or room in allowed or place.as_posix() in allowed


def check_own_include(place, room, header):
    target = room_of(pathlib.PurePosixPath(header))
    if target == room:
        return None
    if target not in rules.ROOMS:
        return f'includes "{header}", which is in no room'
    if not is_allowed(place, target, rules.ROOMS[room]):
        return f'{room} may not include "{header}"'
    only = rules.ONLY_HEADERS.get((room, target))
    if only and header not in only:
        return f'{room} may include only {", ".join(sorted(only))} of {target}, not "{header}"'
    return None


def check_library_include(place, room, header):
    if STANDARD.match(header):
        return None
    if header.startswith(rules.SYSTEM):
        if room not in rules.SYSTEM_ROOMS:
            return f"{room} may not touch the system: <{header}>"
        return None
    for prefix, allowed in rules.LIBRARIES:
        if header.startswith(prefix):
            if not is_allowed(place, room, allowed):
                return f"<{header}> does not belong in {room}"
            return None
    return f"<{header}> is of a library that tests/style/rules.py does not know"


def check_arrows(root, path, text):
    """The #include lines of a file of src/ against the table."""
    src = root / "src"
    if path.suffix not in CPP or not path.is_relative_to(src):
        return
    place = pathlib.PurePosixPath(path.relative_to(src).as_posix())
    room = room_of(place)
    if room not in rules.ROOMS:
        yield 0, f"{room} is a room that tests/style/rules.py does not know"
        return
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(1)) + 1
        check = check_own_include if match[1] == '"' else check_library_include
        finding = check(place, room, match[2])
        if finding:
            yield line, finding


def check_sizes(root, path, text):
    lines = text.splitlines()
    if len(lines) > rules.FILE_LINES_MAX:
        yield 0, f"{len(lines)} lines; a file has at most {rules.FILE_LINES_MAX}"
    for number, line in enumerate(lines, 1):
        if len(line) > rules.COLUMNS_MAX:
            yield number, f"{len(line)} columns; a line has at most {rules.COLUMNS_MAX}"


def check_functions(root, path, text):
    """A function begins at column 0 or 2 with a line that ends in `{`, and ends at that column."""
    if path.suffix not in CPP:
        return
    begin = None
    for number, line in enumerate(text.splitlines(), 1):
        if begin is None:
            if FUNCTION_BEGIN.match(line) and not NOT_A_FUNCTION.match(line):
                begin = (number, len(line) - len(line.lstrip()))
        elif re.match(" {%d}\\}([;,)]|$)" % begin[1], line):
            if number - begin[0] > rules.FUNCTION_LINES_MAX:
                yield begin[0], (f"a function of {number - begin[0]} lines; "
                                 f"at most {rules.FUNCTION_LINES_MAX}")
            begin = None


def check_leftovers(root, path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if LEFTOVER.search(line):
            yield number, "a leftover: finish it, or say in a sentence why it is so"


def check_header(root, path, text):
    if path.suffix == ".hpp" and not text.startswith("#pragma once\n"):
        yield 1, "a header begins with #pragma once"


FILE_CHECKS = (check_arrows, check_sizes, check_functions, check_leftovers, check_header)


def check_file(root, path):
    text = path.read_text(errors="replace")
    for check in FILE_CHECKS:
        for line, finding in check(root, path, text):
            yield f"{path.relative_to(root)}:{line}: {finding}"


def check_rooms(root):
    """Each room has a README, and the table knows no room that is not there."""
    for room in sorted(rules.ROOMS):
        folder = root / "src" / room
        if not folder.is_dir():
            yield f"tests/style/rules.py: there is no room src/{room}"
        elif not (folder / "README.md").is_file():
            yield f"src/{room}: a room has a README.md"


def check_errc(root):
    """Every Errc has one row in the table of errc.cpp, in the same order, with its own code."""
    header, source = root / "src/base/errc.hpp", root / "src/base/errc.cpp"
    if not header.is_file() or not source.is_file():
        yield "src/base: errc.hpp and errc.cpp are not both there"
        return
    body = re.search(r"enum class Errc[^{]*\{(.*?)\};", header.read_text(), re.S)
    names = re.findall(r"^\s*(\w+),", body[1], re.M) if body else []
    rows = re.findall(r'\{\s*Errc::(\w+),\s*"([^"]*)"', source.read_text())
    if not names:
        yield "src/base/errc.hpp: no enumerators found"
    if names != [name for name, _ in rows]:
        yield f"src/base/errc.cpp: its rows, {rows}, are not the enumerators {names}"
    for name, code in rows:
        if code != name.replace("_", "-"):
            yield f"src/base/errc.cpp: {name} has the code {code}"


def files_of(root):
    for top in ("src", "tests", "examples", "web/src", "web/tests", "web/scripts"):
        for path in sorted((root / top).rglob("*")):
            skipped = SKIPPED & set(path.relative_to(root).parts)
            if path.suffix in CODE and path.is_file() and not skipped:
                yield path


def check_project(root):
    for path in files_of(root):
        yield from check_file(root, path)
    yield from check_rooms(root)
    yield from check_errc(root)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--files", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    if arguments.files:
        findings = [finding for path in arguments.files if path.suffix in CODE and path.is_file()
                    for finding in check_file(root, path.resolve())]
        count = len(arguments.files)
    else:
        findings = list(check_project(root))
        count = sum(1 for _ in files_of(root))
    print("\n".join(findings + [f"style: {count} files, {len(findings)} findings"]))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
