"""The style test can fail: each rule is shown a tree that breaks it, and must say so."""
import pathlib
import tempfile
import unittest

import check
import rules

ERRC_HEADER = "#pragma once\nenum class Errc : int {\n  not_found,\n  internal,\n};\n"
ERRC_SOURCE = '{Errc::not_found, "not-found", 404},\n{Errc::internal, "internal", 500},\n'


class Tree:
    """A small project in which nothing is wrong, until a test writes a file into it."""

    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        for room in rules.ROOMS:
            self.write(f"src/{room}/README.md", "# A room\n")
        self.write("src/base/errc.hpp", ERRC_HEADER)
        self.write("src/base/errc.cpp", ERRC_SOURCE)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def findings(self):
        return list(check.check_project(self.root))


class StyleTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = Tree(folder.name)

    def assert_found(self, words):
        findings = self.tree.findings()
        self.assertEqual(len(findings), 1, findings)
        self.assertIn(words, findings[0])

    def include_in(self, name, include):
        head = "#pragma once\n" if name.endswith(".hpp") else ""
        self.tree.write(f"src/{name}", f"{head}#include {include}\n")

    def test_a_good_tree_is_found_good(self):
        self.include_in("api/users.cpp", '"server/http_exchange.hpp"')
        self.include_in("adapters/sqlite/store.cpp", "<sqlite3.h>")
        self.include_in("base/task.hpp", "<boost/asio/awaitable.hpp>")
        self.include_in("gateway/handler.cpp", '"services/chat_service.hpp"')
        self.include_in("app/main.cpp", '"adapters/sqlite/store.hpp"')
        self.include_in("runtime/listener.cpp", "<sys/socket.h>")
        self.assertEqual(self.tree.findings(), [])

    def test_an_arrow_against_the_table_is_found(self):
        self.include_in("services/send.cpp", '"gateway/delivery.hpp"')
        self.assert_found('services/send.cpp:1: services may not include "gateway/delivery.hpp"')

    def test_a_header_of_another_adapter_is_found(self):
        self.include_in("adapters/memory/store.cpp", '"adapters/sqlite/store.hpp"')
        self.assert_found("adapters/memory may not include")

    def test_more_of_a_room_than_its_one_open_header_is_found(self):
        self.include_in("api/users.cpp", '"server/server.hpp"')
        self.assert_found("api may include only server/http_exchange.hpp of server")

    def test_a_path_into_no_room_is_found(self):
        self.include_in("domain/chat.cpp", '"util/strings.hpp"')
        self.assert_found("which is in no room")

    def test_a_library_outside_its_room_is_found(self):
        for name, include in (("services/send.cpp", "<boost/asio/post.hpp>"),
                              ("api/users.cpp", "<boost/beast/http.hpp>"),
                              ("adapters/memory/store.cpp", "<sqlite3.h>"),
                              ("domain/chat.cpp", "<boost/json.hpp>"),
                              ("gateway/handler.cpp", "<unistd.h>"),
                              ("base/log.cpp", "<boost/asio/post.hpp>")):
            with self.subTest(include=include), tempfile.TemporaryDirectory() as folder:
                self.tree = Tree(folder)
                self.include_in(name, include)
                self.assert_found(include[1:-1])

    def test_a_library_that_nobody_agreed_on_is_found(self):
        self.include_in("base/log.cpp", "<absl/strings/str_cat.h>")
        self.assert_found("does not know")

    def test_a_room_that_nobody_agreed_on_is_found(self):
        self.tree.write("src/util/strings.cpp", "int x;\n")
        self.assert_found("util is a room that")

    def test_a_room_without_readme_is_found(self):
        (self.tree.root / "src/gateway/README.md").unlink()
        self.assert_found("src/gateway: a room has a README.md")

    def test_a_room_that_is_gone_is_found(self):
        (self.tree.root / "src/gateway/README.md").unlink()
        (self.tree.root / "src/gateway").rmdir()
        self.assert_found("there is no room src/gateway")

    def test_a_long_line_is_found_and_counted_in_characters(self):
        self.tree.write("src/domain/chat.cpp", "// " + "é" * 97 + "\n" + "// " + "x" * 98 + "\n")
        self.assert_found("src/domain/chat.cpp:2: 101 columns")

    def test_a_long_file_is_found(self):
        self.tree.write("tests/unit/x_test.cpp", "int x;\n" * 401)
        self.assert_found("401 lines")

    def test_a_long_function_is_found_and_a_long_class_is_not(self):
        body = "  x();\n" * 71
        self.tree.write("src/domain/chat.cpp", "class Chat {\n" + body + "};\n")
        self.assertEqual(self.tree.findings(), [])
        self.tree.write("src/domain/chat.cpp", "void long_one() {\n" + body + "}\n")
        self.assert_found("src/domain/chat.cpp:1: a function of 72 lines")

    def test_a_long_method_in_a_class_is_found(self):
        body = "    x();\n" * 71
        self.tree.write("src/domain/chat.cpp",
                        "class Chat {\n  void long_one() const {\n" + body + "  }\n};\n")
        self.assert_found("src/domain/chat.cpp:2: a function of 72 lines")

    def test_a_leftover_is_found(self):
        self.tree.write("src/domain/chat.cpp", f"// {rules.LEFTOVERS[0]}: later\n")
        self.assert_found("a leftover")

    def test_a_header_without_guard_is_found(self):
        self.tree.write("src/domain/chat.hpp", "int x;\n")
        self.assert_found("#pragma once")

    def test_an_errc_without_row_is_found(self):
        self.tree.write("src/base/errc.cpp", ERRC_SOURCE.splitlines()[0] + "\n")
        self.assert_found("are not the enumerators")

    def test_an_errc_with_anothers_code_is_found(self):
        self.tree.write("src/base/errc.cpp", ERRC_SOURCE.replace('"internal"', '"not-found"'))
        self.assert_found("internal has the code not-found")


if __name__ == "__main__":
    unittest.main()
