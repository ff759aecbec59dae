"""Texts that some database will not keep, over HTTP: a 4xx or kept whole, never a 500, and no code spent for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from menjin import AesGcmVault, Database, open_async_engine, sql_stores
from support.doors import VAULT_KEY
from support.serving import APPID, Service, serve_menjin

DEVICE = "d" * 22
REFUSED = ("a\x00b", "\x00", "a\nb", "\x7f", "a\x9bb", "\u2028", "x" * 65, "😀" * 65)
KEPT = ("", "小明的手机", "😀" * 64, "\u202eabc", "\ufffe\uffff", "';--", "  x  ")
TEXTS = (*REFUSED, *KEPT, "x" * 1000)
KINDS = ("sqlite", *(pytest.param(kind, marks=pytest.mark.servers) for kind in ("postgres", "mariadb")))


@pytest.fixture(scope="module", params=KINDS)
def on_each(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on each database."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    server = request.getfixturevalue(f"{request.param}_server") if request.param != "sqlite" else None
    url = server.fresh_database() if server is not None else f"sqlite:///{folder / 'menjin.db'}"
    stores = sql_stores(Database(open_async_engine(url)), AesGcmVault("k1", {"k1": VAULT_KEY}))
    with serve_menjin(folder, stores=stores) as service:
        service.world.bind_open_platform("one")
        yield service
    if server is not None:
        server.drop_database(url)


def test_a_label_that_cannot_be_kept_is_422_and_spends_no_code(on_each: Service) -> None:
    """Control characters, line breaks and over 64 characters: 422 names the field; the same code logs in after it."""
    client = on_each.client()
    for label in REFUSED:
        code = on_each.code()
        reply = client.sign_in(code, device={"id": DEVICE, "label": label})
        assert (reply.status_code, reply.json()["code"]) == (422, "request_invalid"), repr(label)
        assert reply.json()["faults"][0]["where"] == "device.label"
        assert client.sign_in(code, device={"id": DEVICE}).status_code == 201


def test_any_other_label_is_kept_whole(on_each: Service) -> None:
    """Emoji, Chinese, quotes, blanks and characters that are none come back as they were sent."""
    for label in KEPT:
        client = on_each.client()
        assert client.sign_in(on_each.code(), device={"id": DEVICE, "label": label}).status_code == 201
        assert client.who().json()["device"] == {"id": DEVICE, "label": label}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/sessions", {"appid": "?", "login_code": "made-up"}),
        ("/v1/sessions", {"app": "?", "login_code": "made-up"}),
        ("/v1/sessions", {"appid": "wx0123456789abcdef", "login_code": "?"}),
        ("/v1/sessions", {"appid": "wx0123456789abcdef", "login_code": "made-up", "tenant": "?"}),
        ("/v1/sessions", {"appid": "wx0123456789abcdef", "login_code": "made-up", "device": {"id": "?"}}),
        ("/v1/session/step-up", {"login_code": "?"}),
        ("/v1/session/step-up", {"phone_code": "?"}),
        ("/v1/session/step-up", {"username": "?", "password": "?"}),
        ("/v1/binding", {"method": "password", "username": "?", "password": "?"}),
        ("/v1/binding", {"method": "phone", "phone_code": "?"}),
        ("/v1/binding", {"method": "phone", "bind_ticket": "?"}),
        ("/v1/phone", {"phone_code": "?"}),
        ("/v1/phone", {"encrypted_data": "?", "iv": "?"}),
        ("/v1/open-data", {"kind": "user_info", "encrypted_data": "?", "iv": "?"}),
        ("/v1/open-data", {"kind": "user_info", "raw_data": "?", "signature": "a" * 40}),
        ("/v1/unionid/paid", {"transaction_id": "?"}),
        ("/v1/unionid/paid", {"mch_id": "1900000109", "out_trade_no": "?"}),
    ],
)
def test_every_text_of_a_body_is_refused_by_4xx(on_each: Service, path: str, body: dict[str, Any]) -> None:
    """Each text in the place of each field: no answer of the 500s; the session that asks lives on."""
    client = on_each.signed_in()
    for text in TEXTS:
        sent = {name: {"id": text} if value == {"id": "?"} else value for name, value in body.items()}
        sent = {name: text if value == "?" else value for name, value in sent.items()}
        reply = client.call("POST", path, sent)
        assert 400 <= reply.status_code < 500, (text, reply.text)
    assert client.who().status_code == 200


def test_every_text_of_a_path_or_header_is_refused_by_4xx(on_each: Service) -> None:
    """The id of a session is not found, whatever it holds; an Idempotency-Key of another shape is 422."""
    client = on_each.signed_in()
    for text in filter(None, TEXTS):
        assert client.call("DELETE", "/v1/sessions/" + quote(text, safe="")).status_code == 404
    for raw in (b"a\xffb" * 10, b"\x01" * 30, b"x" * 1000, "😀".encode() * 10):
        headers = [(b"idempotency-key", raw)]
        body = {"appid": "wx0123456789abcdef", "login_code": "made-up"}
        reply = client.http.post("/v1/sessions", json=body, headers=headers)
        assert reply.status_code in {400, 422}, (raw, reply.text)
    assert client.who().status_code == 200


def test_two_idempotency_keys_are_422_and_spend_no_code(on_each: Service) -> None:
    """Good and bad, bad and good, twice the same: which one is meant is not guessed; the code logs in with one."""
    good, bad = (b"idempotency-key", b"k" * 22), (b"idempotency-key", b"no")
    client, code = on_each.client(), on_each.code()
    for headers in ([good, bad], [bad, good], [good, good]):
        reply = client.http.post("/v1/sessions", json={"appid": APPID, "login_code": code}, headers=headers)
        assert (reply.status_code, reply.json()["faults"][0]["where"]) == (422, "Idempotency-Key")
    reply = client.http.post("/v1/sessions", json={"appid": APPID, "login_code": code}, headers=[good])
    assert reply.status_code == 201
