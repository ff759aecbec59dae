"""The manners of HTTP: ids, languages, caching, challenges, tokens, methods and paths."""

from __future__ import annotations

import logging
import re

import pytest

from menjin.problems import TABLE
from support.openapi_contract import CONTRACT, POST_PATHS, PROBLEM
from support.serving import Service

MADE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def test_a_fit_request_id_is_echoed_and_an_unfit_one_replaced(shared: Service) -> None:
    """X-Request-Id of 8 to 64 plain characters comes back; any other gives way to one made here."""
    client = shared.client()
    for given in ("abcd1234", "a" * 64, "x_-" * 4):
        assert client.call("GET", "/healthz", headers={"X-Request-Id": given}).headers["x-request-id"] == given
    made = set()
    for given in ("short", "a" * 65, "with blank", "semi;colon", "<script>", "", "é" * 8):
        reply = client.call("GET", "/healthz", headers={"X-Request-Id": given.encode("latin-1")})
        made.add(reply.headers["x-request-id"])
        assert MADE_ID.fullmatch(reply.headers["x-request-id"])
        assert reply.headers["x-request-id"] != given
    assert len(made) == 7


def test_a_problem_repeats_its_request_id(shared: Service) -> None:
    """The id stands in the header and in the problem."""
    reply = shared.client().call("GET", "/v1/session", headers={"X-Request-Id": "ask-me-about-it"})
    assert reply.json()["request_id"] == reply.headers["x-request-id"] == "ask-me-about-it"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh"),
        ("zh-CN,zh;q=0.9", "zh"),
        ("en", "en"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("zh;q=0.1, en;q=0.2", "en"),
        ("fr, de", "zh"),
        ("en;q=nonsense", "zh"),
        ("en;q=0", "zh"),
        ("EN-gb", "en"),
        (",;=,", "zh"),
    ],
)
def test_titles_follow_accept_language(shared: Service, accepted: str, language: str) -> None:
    """Chinese by default, English where it is preferred; the code never changes."""
    reply = shared.client().call("GET", "/v1/session", headers={"Accept-Language": accepted})
    assert reply.json()["title"] == getattr(TABLE["session_invalid"], language)
    assert reply.json()["code"] == "session_invalid"


def test_answers_are_not_cached_and_carry_no_cors(shared: Service) -> None:
    """Whatever holds a session or a problem says no-store; no answer opens a door to browsers."""
    client = shared.signed_in()
    replies = [
        client.who(),
        client.call("GET", "/healthz"),
        client.call("GET", "/nowhere"),
        client.call("POST", "/v1/phone", {}),
        client.phone(shared.world.phone("ming").getPhoneNumber(tap=True)),
        client.call("GET", "/v1/session", headers={"Origin": "https://evil.example"}),
    ]
    assert [reply.headers["cache-control"] for reply in replies] == ["no-store"] * len(replies)
    assert not [name for reply in replies for name in reply.headers if name.startswith("access-control")]
    assert not [reply for reply in replies if "set-cookie" in reply.headers or "server" in reply.headers]


def test_a_401_challenges(shared: Service) -> None:
    """Every 401 carries WWW-Authenticate: Bearer, and no other status does."""
    client = shared.client()
    assert client.who().headers["www-authenticate"] == "Bearer"
    assert "www-authenticate" not in client.call("GET", "/nowhere").headers


@pytest.mark.parametrize("scheme", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}"])
def test_the_scheme_is_read_in_any_case(shared: Service, scheme: str) -> None:
    """HTTP's schemes know no case."""
    client = shared.signed_in()
    assert client.call("GET", "/v1/session", headers={"Authorization": scheme.format(client.token)}).status_code == 200


@pytest.mark.parametrize("value", ["", "Bearer", "Basic {}", "{}", "Bearer {} x", "Bearer {},{}", "Token {}"])
def test_other_authorizations_are_nobody(shared: Service, value: str) -> None:
    """A missing, empty, foreign or doubled credential is 401 session_invalid, never an error."""
    client = shared.signed_in()
    header = value.format(*[client.token] * 2)
    reply = client.call("GET", "/v1/session", headers={"Authorization": header})
    assert (reply.status_code, reply.json()["code"]) == (401, "session_invalid")


def test_two_authorizations_are_nobody(shared: Service) -> None:
    """Of two headers none is believed: a proxy may have judged the other."""
    client = shared.signed_in()
    fields = [("Authorization", f"Bearer {client.token}"), ("Authorization", f"Bearer {client.token}")]
    reply = client.http.get("/v1/session", headers=fields)
    assert (reply.status_code, reply.json()["code"]) == (401, "session_invalid")


def test_a_token_counts_in_the_header_only(shared: Service) -> None:
    """A token in the query or a cookie is not looked at."""
    client = shared.signed_in()
    token, client.token = client.token, ""
    for options in ({"params": {"session_token": token, "access_token": token}}, {"headers": {"Cookie": token}}):
        assert client.call("GET", "/v1/session", **options).status_code == 401


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/sessions/", "/v1/session/", "/v1//session", "/v2/session", "/docs"])
def test_other_paths_are_404_problems(shared: Service, path: str) -> None:
    """What is not in the contract is 404 not_found, without a redirect."""
    for method in ("GET", "POST", "DELETE"):
        reply = shared.client().call(method, path)
        assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", sorted(CONTRACT["paths"]))
def test_other_methods_are_405_problems_that_name_the_right_ones(shared: Service, path: str) -> None:
    """A method the contract does not give is 405; Allow names every one that it does give."""
    known = {method.upper() for method in CONTRACT["paths"][path]}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - known:
        reply = shared.client().call(method, path)
        assert (reply.status_code, reply.json()["code"]) == (405, "method_not_allowed")
        assert {name.strip() for name in reply.headers["allow"].split(",")} - {"HEAD"} == known


def test_head_answers_as_get_without_a_body(shared: Service) -> None:
    """HEAD has GET's status and headers and no body."""
    client = shared.signed_in()
    for path in ("/v1/session", "/healthz", "/readyz", "/openapi.json"):
        head, get = client.call("HEAD", path), client.call("GET", path)
        assert head.status_code == get.status_code == 200
        assert head.headers["content-length"] == get.headers["content-length"]


def test_the_query_and_the_content_type_do_not_matter(shared: Service) -> None:
    """A body is read as JSON whatever it is called, and a query is not looked at: wx.request sends what it likes."""
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        body = b'{"appid":"wxde30000000000001","login_code":"made-up"}'
        reply = shared.client().call("POST", "/v1/sessions?a=b", content=body, headers={"Content-Type": kind})
        assert reply.json()["code"] == "login_code_invalid"


def test_problems_are_typed_as_such(shared: Service) -> None:
    """Each post door's refusal is application/problem+json with type, status, code and action of the table."""
    for path in POST_PATHS:
        reply = shared.client().call("POST", path, {})
        code = reply.json()["code"]
        entry = TABLE[code]
        assert reply.headers["content-type"] == PROBLEM
        assert reply.json()["type"] == f"urn:menjin:problem:{code}"
        assert (reply.json()["status"], reply.json()["action"]) == (entry.status, entry.action)
        assert reply.status_code == entry.status


def test_a_line_names_the_route_and_nothing_of_the_path(shared: Service, caplog: pytest.LogCaptureFixture) -> None:
    """The route as it is written in the contract, so that a refused request differs from a stray one; never a value."""
    client = shared.signed_in()
    with caplog.at_level(logging.INFO, "menjin.service"):
        client.call("DELETE", "/v1/sessions/ses_geheim")
        client.call("GET", "/v1/session?geheim=1")
        client.call("GET", "/geheim/v1/session")
        client.call("DELETE", "/v1/sessions/ses_geheim/more")
    lines = [record.getMessage() for record in caplog.records if record.name == "menjin.service"]
    assert [line.split()[1] for line in lines] == ["/v1/sessions/{session_id}", "/v1/session", "-", "-"]
    assert "geheim" not in caplog.text
