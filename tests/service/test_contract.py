"""The contract and the service say the same: the document, the bodies it allows, and what comes of any other."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from support.checked import CHECKED
from support.openapi_contract import CONTRACT, POST_PATHS, find_faults, request_fits, request_schema, resolve
from support.serving import APPID, Service

SCHEMA = schemathesis.openapi.from_dict(CONTRACT)
REFUSALS = ["401", "405", "413", "422"]  # what breaks the contract's form gets one of these and nothing else
SCHEMA.config.checks.negative_data_rejection.expected_statuses = REFUSALS
TEXTS = st.one_of(
    st.sampled_from(["", "user_info", "password", APPID, "a" * 16, "0" * 40, "0" * 40 + "\n", "x" * 33, "x" * 65]),
    st.sampled_from(["x" * 128, "x" * 129, "x" * 1024, "x" * 1025, "AAAA"]),
    st.text(st.characters(codec="utf-8"), max_size=40),
)
VALUES = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(-5, 5), st.floats(-9, 9), st.lists(TEXTS, max_size=2))
DEVICES = st.dictionaries(st.sampled_from(["id", "label", "kind"]), TEXTS, max_size=3)
FIELDS = sorted(
    {name for schema in CONTRACT["components"]["schemas"].values() for name in schema.get("properties", ())}
)


def test_the_service_serves_its_contract(shared: Service) -> None:
    """/openapi.json is contract/openapi.yaml, word for word."""
    assert shared.client().call("GET", "/openapi.json").json() == CONTRACT


def test_the_contract_has_no_loose_ends() -> None:
    """No key stands without a value: in YAML that is a text with a comma that lost its quotes."""

    def loose(node: object) -> list[str]:
        if isinstance(node, dict):
            empty = [str(name) for name, value in node.items() if value is None]
            return empty + [end for value in node.values() for end in loose(value)]
        return [end for value in node for end in loose(value)] if isinstance(node, list) else []

    assert loose(CONTRACT) == []


@pytest.mark.parametrize("path", POST_PATHS)
def test_the_contract_allows_what_the_service_takes(shared: Service, path: str) -> None:
    """A body the contract allows is never 422, one it forbids always is: field by field, found by Hypothesis."""
    client = shared.signed_in()
    schema = resolve(request_schema(path))
    near = st.fixed_dictionaries({}, optional=dict.fromkeys(schema["properties"], VALUES | DEVICES))
    good = st.one_of([st.fixed_dictionaries({name: fitting(name, names) for name in names}) for names in least(schema)])

    @seed(20261121)
    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.tuples(good, near, st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=1)))
    def agree(parts: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]) -> None:
        body = parts[0] | parts[1] | parts[2]
        reply = client.call("POST", path, content=json.dumps(body).encode())
        unknown_app = path == "/v1/sessions" and (body.get("appid") != APPID or "tenant" in body)
        if not (unknown_app and request_fits(path, body)):
            assert (reply.status_code != 422) == request_fits(path, body), (body, reply.text)

    agree()


def least(schema: dict[str, Any]) -> list[list[str]]:
    """Return the sets of fields that the contract is content with."""
    always = schema.get("required", [])
    choices = [choice["required"] for choice in schema.get("oneOf", schema.get("anyOf", ()))]
    return [[*always, *choice] for choice in choices] or [always]


def fitting(name: str, names: list[str]) -> st.SearchStrategy[str]:
    """Return texts that a required field takes beside the others that are required."""
    fixed = {"appid": APPID, "kind": "user_info", "method": "password" if "password" in names else "phone"}
    alphabet = "0123456789" if name == "mch_id" else "AZaz09"
    return st.just(fixed[name]) if name in fixed else st.text(alphabet, min_size=1, max_size=24)


def test_the_judge_of_requests_tells_good_from_bad() -> None:
    """Control: the contract's schemas do refuse; each door's good body fits and a bad one does not."""
    assert request_fits("/v1/sessions", {"appid": APPID, "login_code": "x"})
    for path in POST_PATHS:
        assert not request_fits(path, {"unknown": 1})
        assert not request_fits(path, [])


def test_the_judge_of_replies_tells_good_from_bad(shared: Service) -> None:
    """Control: a reply held against another operation's answers has faults."""
    reply = shared.client().call("GET", "/openapi.json")
    assert find_faults("GET", "/healthz", reply)
    assert find_faults("DELETE", "/v1/session", reply)
    assert find_faults("GET", "/nowhere", reply)


@SCHEMA.parametrize()
@seed(20261121)
@settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_whatever_the_contract_generates_is_answered_by_it(shared: Service, case: schemathesis.Case[Any]) -> None:
    """Requests made from the contract, good and bad: no 5xx, and every reply as documented."""
    case.call_and_validate(base_url=shared.url, checks=CHECKED, headers={"Authorization": f"Bearer {shared.token()}"})
