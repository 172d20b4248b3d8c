"""Compiles the YAML of this folder to openapi.json and asyncapi.json, and those to C++.

    compile.py FOLDER OUT: writes openapi.json, asyncapi.json and described.cpp into OUT.

The YAML is OpenAPI and JSON Schema with a few shorthands, so that what people read says what is
particular and nothing else (README.md has the table). Everything that is left out by mistake stops
the build: an unknown name, a schema without an example, a problem without a code.
"""

import json
import re
import sys
from pathlib import Path

import yaml

METHODS = ("get", "post", "put", "patch", "delete")
# What every route may answer beside its own problems: by who may ask, and by having a body.
PROBLEMS_OF_ACCESS = {
    "open": ["internal"],
    "limited": ["rate-limited", "internal", "overloaded", "store-unavailable"],
    "signed-in": ["unauthenticated", "token-expired", "internal", "overloaded",
                  "store-unavailable"]}
PROBLEMS_OF_BODY = ["malformed-json", "request-timeout", "payload-too-large", "unsupported-media",
                    "validation-failed"]
PROBLEMS_OF_EVENTS = ["validation-failed", "internal", "overloaded", "store-unavailable"]


class Mistake(Exception):
    """Something in the YAML that would make a description nobody could rely on."""


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def load_all(folder):
    """The files of a folder as one mapping; a name may stand in one of them only."""
    merged = {}
    for path in sorted(folder.glob("*.yaml")):
        for name, value in load(path).items():
            if name in merged:
                raise Mistake(f"{path.name}: {name} is described twice")
            merged[name] = value
    return merged


class Schemas:
    """All schemas by name, their shorthands written out, each with an example."""

    def __init__(self, sources):
        self.sources = sources
        self.used = set()
        self.written = {name: self.write_named(name) for name in sources}
        for name in sources:
            self.written[name].setdefault("examples", [self.example({"$ref": ref(name)}, name)])

    def write_named(self, name):
        source = dict(self.sources[name])
        if "extends" in source:
            self.used.add(source["extends"])
            base = self.write_named(source.pop("extends"))
            base.pop("examples", None)
            own = self.write(source, name)
            return {**base, **own, "properties": {**base["properties"], **own["properties"]},
                    "required": base["required"] + own["required"]}
        return self.write(source, name)

    def write(self, source, where):
        """A schema with its shorthands written out: a name, [items], {fields: …}, or itself."""
        if isinstance(source, str):
            if source not in self.sources:
                raise Mistake(f"{where}: there is no schema {source}")
            self.used.add(source)
            return {"$ref": ref(source)}
        if isinstance(source, list):
            (items,) = source
            return {"type": "array", "items": self.write(items, where)}
        written = dict(source)
        fields = written.pop("fields", None)
        if fields is not None:
            written["type"] = "object"
            written["properties"] = {name.rstrip("?"): self.write(value, f"{where}.{name}")
                                     for name, value in fields.items()}
            written["required"] = [name for name in fields if not name.endswith("?")]
        for key in ("items", "additionalProperties"):
            if isinstance(written.get(key), (str, list, dict)):
                written[key] = self.write(written[key], where)
        for key in ("oneOf", "anyOf", "allOf"):
            if key in written:
                written[key] = [self.write(each, where) for each in written[key]]
        return written

    def example(self, schema, where):
        """One that is given, else one made of the examples of the parts."""
        if "$ref" in schema:
            schema = self.written[schema["$ref"].rsplit("/", 1)[1]]
        if "examples" in schema:
            return schema["examples"][0]
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        if "enum" in schema:
            return schema["enum"][0]
        for key in ("oneOf", "anyOf", "allOf"):
            if key in schema:
                return self.example(schema[key][0], where)
        if schema.get("type") == "boolean":
            return True
        if schema.get("type") == "array":
            return [self.example(schema["items"], where)]
        if schema.get("type") == "object":
            if "properties" not in schema:
                raise Mistake(f"{where}: an object without fields needs an example")
            return {name: self.example(part, f"{where}.{name}")
                    for name, part in schema["properties"].items()}
        raise Mistake(f"{where}: no example, and nothing to make one of")


def ref(name, kind="schemas"):
    return f"#/components/{kind}/{name}"


def problem_examples(problems):
    """One problem object a code, as the server writes them."""
    examples = {}
    for code, problem in problems.items():
        value = {"type": f"urn:knotos:problem:{code}", "title": problem["title"],
                 "status": problem["status"], "detail": problem["title"], "code": code,
                 "requestId": "kT3yQ0x1u8Wl5cNf9aZb", "retryable": problem["retryable"]}
        if problem["retryable"]:
            value["retryAfterMs"] = 1000
        if code == "validation-failed":
            value["errors"] = [{"pointer": "/content", "code": "required",
                                "detail": "It is missing."}]
        examples[code] = {"summary": problem["title"], "value": value}
    return examples


class OpenApi:
    """The document of the REST interface, from the routes and the frame around them."""

    def __init__(self, frame, schemas, problems, routes):
        self.frame = frame
        self.schemas = schemas
        self.problems = problems
        self.routes = routes
        self.responses = {}

    def document(self):
        document = dict(self.frame)
        paths = {}
        for name, route in self.routes.items():
            method, path = name.split(" ")
            if method.lower() not in METHODS:
                raise Mistake(f"{name}: no such method")
            paths.setdefault(path, {})[method.lower()] = self.operation(name, path, route)
        document["paths"] = paths
        document["components"] = {**self.frame["components"], "schemas": self.schemas.written,
                                  "responses": self.responses,
                                  "examples": problem_examples(self.problems)}
        return document

    def operation(self, name, path, route):
        known = {"id", "tag", "summary", "description", "access", "query", "body", "answers",
                 "problems"}
        if unknown := set(route) - known:
            raise Mistake(f"{name}: what is {', '.join(sorted(unknown))}?")
        operation = {"operationId": route["id"], "tags": [route["tag"]],
                     "summary": route["summary"]}
        if "description" in route:
            operation["description"] = route["description"]
        names = re.findall(r"{(\w+)}", path) + route.get("query", [])
        for parameter in names:
            if parameter not in self.frame["components"]["parameters"]:
                raise Mistake(f"{name}: there is no parameter {parameter}")
        if names:
            operation["parameters"] = [{"$ref": ref(each, "parameters")} for each in names]
        if route["access"] != "signed-in":
            operation["security"] = []
        if "body" in route:
            operation["requestBody"] = {"required": True, "content": {
                "application/json": {"schema": self.schemas.write(route["body"], name)}}}
        operation["responses"] = {**self.answers(name, route), **self.refusals(name, route, names)}
        return operation

    def answers(self, name, route):
        answers = {}
        for status, answer in route["answers"].items():
            if answer is None or isinstance(answer, (str, list)) or "description" not in answer:
                answer = {"description": DESCRIPTIONS[status], "schema": answer}
            written = {"description": answer["description"],
                       "headers": {"X-Request-Id": {"$ref": ref("X-Request-Id", "headers")}}}
            if route["access"] == "limited":
                written["headers"].update(rate_headers())
            if answer.get("schema") is not None:
                written["content"] = {answer.get("type", "application/json"): {
                    "schema": self.schemas.write(answer["schema"], name)}}
            answers[str(status)] = written
        return answers

    def refusals(self, name, route, parameters):
        codes = list(route.get("problems", [])) + PROBLEMS_OF_ACCESS[route["access"]]
        codes += PROBLEMS_OF_BODY if "body" in route else []
        codes += ["validation-failed"] if parameters else []
        by_status = {}
        for code in codes:
            if code not in self.problems:
                raise Mistake(f"{name}: there is no problem {code}")
            of_status = by_status.setdefault(self.problems[code]["status"], [])
            if code not in of_status:
                of_status.append(code)
        return {str(status): self.refusal(status, sorted(of_status))
                for status, of_status in sorted(by_status.items())}

    def refusal(self, status, codes):
        """One response of the components for each set of codes: most routes share theirs."""
        name = ".".join(codes)
        if name not in self.responses:
            self.responses[name] = self.written_refusal(status, codes)
        return {"$ref": ref(name, "responses")}

    def written_refusal(self, status, codes):
        headers = {"X-Request-Id": {"$ref": ref("X-Request-Id", "headers")}}
        if status == 401:
            headers["WWW-Authenticate"] = {"$ref": ref("WWW-Authenticate", "headers")}
        if status in (429, 503):
            headers["Retry-After"] = {"$ref": ref("Retry-After", "headers")}
        if status == 429:
            headers.update(rate_headers())
        return {"description": " ".join(f"`{code}`: {self.problems[code]['title']}"
                                        for code in codes),
                "headers": headers,
                "content": {"application/problem+json": {
                    "schema": problem_of(codes, status),
                    "examples": {code: {"$ref": ref(code, "examples")} for code in codes}}}}


DESCRIPTIONS = {200: "Done.", 201: "Made.", 204: "Done; there is nothing to say."}


def rate_headers():
    return {name: {"$ref": ref(name, "headers")} for name in ("RateLimit-Policy", "RateLimit")}


def problem_of(codes, status=None):
    """The problem object, narrowed to some codes."""
    narrowed = {"code": {"enum": codes}}
    if status is not None:
        narrowed["status"] = {"const": status}
    return {"allOf": [{"$ref": ref("Problem")}, {"properties": narrowed}]}


class AsyncApi:
    """The document of the events, from both directions and the frame around them."""

    def __init__(self, frame, schemas, problems, from_client, from_server):
        self.frame = frame
        self.schemas = schemas
        self.problems = problems
        self.from_client = from_client
        self.from_server = from_server

    def document(self):
        document = dict(self.frame)
        messages, operations = {}, {}
        for event, source in self.from_client.items():
            key, ack = f"{event}_from_client", f"{event}_ack"
            messages[key] = self.message(event, source, source["fields"])
            messages[ack] = self.message(ack, {"summary": f"The ack of `{event}`."},
                                         self.ack(event, source))
            operations[key] = {"action": "receive", "summary": source["summary"],
                               "channel": {"$ref": "#/channels/root"},
                               "messages": [{"$ref": f"#/channels/root/messages/{key}"}],
                               "reply": {"channel": {"$ref": "#/channels/root"},
                                         "messages": [{"$ref": f"#/channels/root/messages/{ack}"}]}}
        for event, source in self.from_server.items():
            key = f"{event}_from_server"
            messages[key] = self.message(event, source, source["data"])
            operations[key] = {"action": "send", "summary": source["summary"],
                               "channel": {"$ref": "#/channels/root"},
                               "messages": [{"$ref": f"#/channels/root/messages/{key}"}]}
        document["channels"] = {"root": {**self.frame["channels"]["root"], "messages": {
            key: {"$ref": ref(key, "messages")} for key in messages}}}
        document["operations"] = operations
        document["components"] = {**self.frame["components"], "messages": messages,
                                  "schemas": self.schemas.written}
        return document

    def message(self, event, source, payload):
        written = {"name": event, "title": event, "summary": source["summary"]}
        if "description" in source:
            written["description"] = source["description"]
        if "kind" in source:
            written["tags"] = [{"name": source["kind"]}]
        written["payload"] = self.schemas.write(payload, event)
        written["examples"] = [{"payload": self.example(written["payload"], event)}]
        return written

    def example(self, payload, event):
        return self.schemas.example(payload, event)

    def ack(self, event, source):
        """`{ok: true, …}` with the fields of a schema, or `{ok: false, error}`."""
        granted = {"type": "object", "properties": {"ok": {"const": True}}, "required": ["ok"]}
        if source.get("ack"):
            self.schemas.used.add(source["ack"])
            answer = self.schemas.write_named(source["ack"])
            granted["properties"] = {**granted["properties"], **answer["properties"]}
            granted["required"] = granted["required"] + answer["required"]
        codes = source.get("problems", []) + PROBLEMS_OF_EVENTS
        for code in codes:
            if code not in self.problems:
                raise Mistake(f"{event}: there is no problem {code}")
        refused = {"type": "object", "required": ["ok", "error"], "properties": {
            "ok": {"const": False}, "error": problem_of(list(dict.fromkeys(codes)))}}
        refused["examples"] = [{"ok": False, "error": problem_examples(self.problems)[
            "validation-failed"]["value"]}]
        return {"oneOf": [granted, refused]}


def cpp_literal(text):
    """Adjacent raw literals: compilers need not take long ones in one piece."""
    pieces = [text[at:at + 8000] for at in range(0, len(text), 8000)]
    return "\n".join(f'R"knotos({piece})knotos"' for piece in pieces)


def write_cpp(documents):
    lines = ['#include "api/described/described.hpp"', "",
             '#pragma clang diagnostic ignored "-Woverlength-strings"', "",
             "namespace knotos::api {", ""]
    for name, text in documents.items():
        lines += [f"std::string_view {name}_json() {{",
                  f"  static constexpr std::string_view kText = {cpp_literal(text)};",
                  "  return kText;", "}", ""]
    return "\n".join([*lines, "}  // namespace knotos::api", ""])


def compile_all(folder):
    schemas = Schemas(load_all(folder / "schemas"))
    problems = load(folder / "problems.yaml")
    openapi = OpenApi(load(folder / "openapi.yaml"), schemas, problems,
                      load_all(folder / "routes")).document()
    asyncapi = AsyncApi(load(folder / "asyncapi.yaml"), schemas, problems,
                        load(folder / "events/client.yaml"),
                        load(folder / "events/server.yaml")).document()
    parameters = json.dumps(openapi["components"]["parameters"])
    named = set(re.findall(r"#/components/schemas/(\w+)", parameters))
    if unused := set(schemas.sources) - schemas.used - named - {"Problem"}:
        raise Mistake(f"nothing uses {', '.join(sorted(unused))}")
    return {"openapi": openapi, "asyncapi": asyncapi}


def main(folder, out):
    try:
        documents = compile_all(Path(folder))
    except Mistake as mistake:
        sys.exit(f"{folder}: {mistake}")
    texts = {name: json.dumps(document, ensure_ascii=False, separators=(",", ":"))
             for name, document in documents.items()}
    for name, text in texts.items():
        (Path(out) / f"{name}.json").write_text(text, encoding="utf-8")
    (Path(out) / "described.cpp").write_text(write_cpp(texts), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
