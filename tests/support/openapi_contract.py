"""contract/openapi.yaml as a judge of requests and replies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx2
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
CONTRACT: dict[str, Any] = yaml.safe_load((ROOT / "contract" / "openapi.yaml").read_text("utf-8"))
PROBLEM = "application/problem+json"
POST_PATHS = tuple(path for path, methods in CONTRACT["paths"].items() if "requestBody" in methods.get("post", {}))


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """Return what a `$ref` points at, or the node itself."""
    while "$ref" in node:
        found: Any = CONTRACT
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Return a validator of a schema of the contract, whose references are the contract's own."""
    return Draft202012Validator({"components": CONTRACT["components"], **schema})


def request_schema(path: str) -> dict[str, Any]:
    """Return the schema of a POST's body."""
    found: dict[str, Any] = CONTRACT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return found


def request_fits(path: str, body: object) -> bool:
    """Whether the contract allows `body` on POST `path`."""
    return bool(validator(request_schema(path)).is_valid(body))


def find_path(path: str) -> dict[str, Any]:
    """Return the operations of a path, whose parameters may be filled in."""
    for template, operations in CONTRACT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return dict(operations)
    return {}


def find_faults(method: str, path: str, reply: httpx2.Response) -> list[str]:
    """Return what in a reply the contract does not say: status, content type, body, headers."""
    operation = find_path(path).get(method.lower())
    if operation is None:
        return _find_plain_faults(method, reply)
    documented = operation["responses"].get(str(reply.status_code))
    if documented is None:
        return [f"{method} {path}: {reply.status_code} is not documented: {reply.text[:200]}"]
    response = resolve(documented)
    return [f"{method} {path} {reply.status_code}: {fault}" for fault in _find(response, reply)]


def check_reply(method: str, path: str, reply: httpx2.Response) -> None:
    """Fail unless the reply is as the contract says."""
    faults = find_faults(method, path, reply)
    assert not faults, "\n".join(faults)


def _find(response: dict[str, Any], reply: httpx2.Response) -> list[str]:
    faults = [f"no header {name}" for name in response.get("headers", ()) if _misses(name, reply)]
    kind = reply.headers.get("content-type", "").partition(";")[0]
    content = response.get("content", {})
    if not content:
        return [*faults, "has a body"] if reply.content else faults
    if kind not in content:
        return [*faults, f"content type {kind!r}, not {sorted(content)}"]
    schema = content[kind]["schema"]
    body = reply.json()
    faults += [error.message for error in validator(schema).iter_errors(body)]
    undocumented = set(body) - set(resolve(schema).get("properties", body))
    return [*faults, f"undocumented fields {sorted(undocumented)}"] if undocumented else faults


def _misses(name: str, reply: httpx2.Response) -> bool:
    return name not in reply.headers and name != "Retry-After"


def _find_plain_faults(method: str, reply: httpx2.Response) -> list[str]:
    """A path or method outside the contract answers 404 or 405 by a problem; HEAD without its body."""
    if method == "HEAD":
        return ["HEAD has a body"] if reply.content else []
    if reply.status_code not in {404, 405}:
        return [f"{reply.status_code} outside the contract"]
    return _find(resolve({"$ref": "#/components/responses/Problem"}), reply)
