"""Whatever is wrong with data that does not open, the answer is the same bytes."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from support.serving import APPID, Client, Service
from wxsim import crypto

IV = bytes(range(16))
FIXED = {"X-Request-Id": "the-same-for-all"}
PHONE = {"phoneNumber": "13800138000", "purePhoneNumber": "13800138000", "countryCode": "86"}
USER = {"nickName": "n", "gender": 0, "city": "", "province": "", "country": "", "avatarUrl": ""}


@dataclass
class Forger:
    """Somebody who knows the session_key and can encrypt what they like: the strongest asker of all."""

    service: Service
    client: Client

    @property
    def key(self) -> str:
        """The person's session_key, straight from WeChat's memory."""
        return self.service.world.session_keys.keys[f"{APPID}/ming"].value

    def payload(self, fields: dict[str, Any], *, appid: str = APPID, age: float = 0, **more: object) -> bytes:
        """Return a plaintext with its watermark."""
        mark = {"appid": appid, "timestamp": int(self.service.world.clock.now() - age)}
        return json.dumps({**fields, "watermark": mark, **more}).encode()

    def seal(self, plaintext: bytes, key: str = "") -> str:
        """Encrypt as WeChat does."""
        return crypto.seal(key or self.key, IV, plaintext)

    def spoil_padding(self, plaintext: bytes) -> str:
        """Return a ciphertext whose last block opens to something that is no padding."""
        sealed = bytearray(base64.b64decode(self.seal(plaintext)))
        sealed[-17] ^= 0xFF
        return base64.b64encode(sealed).decode()

    def ask(self, path: str, encrypted_data: str, **more: str) -> httpx2.Response:
        """Present a ciphertext."""
        body = {"encrypted_data": encrypted_data, "iv": base64.b64encode(IV).decode(), **more}
        return self.client.call("POST", path, body, headers=FIXED)


def plain(reply: httpx2.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Return all that a caller sees of a reply, but for its date."""
    fields = [(name, value) for name, value in reply.headers.multi_items() if name != "date"]
    return reply.status_code, reply.content, fields


def refusals(forger: Forger, fields: dict[str, Any]) -> dict[str, str]:
    """Return ciphertexts that fail at every step after the key is used."""
    good = forger.payload(fields)
    other_key = base64.b64encode(b"k" * 16).decode()
    other_kind = USER if fields is PHONE else PHONE
    return {
        "wrong key": forger.seal(good, other_key),
        "padding": forger.spoil_padding(good),
        "no padding at all": base64.b64encode(b"\x00" * 64).decode(),
        "UTF-8": forger.seal(good + b"\xff"),
        "JSON": forger.seal(b"{" + good),
        "empty": forger.seal(b""),
        "a list": forger.seal(b"[" + good + b"]"),
        "duplicate key": forger.seal(good[:-1] + b', "watermark": {}}'),
        "NaN": forger.seal(good[:-1] + b', "extra": NaN}'),
        "nested deep": forger.seal(good[:-1] + b', "extra": ' + b"[" * 5000 + b"}"),
        "schema": forger.seal(forger.payload({**fields, next(iter(fields)): None})),
        "other kind": forger.seal(forger.payload(other_kind)),
        "no watermark": forger.seal(json.dumps(fields).encode()),
        "another app": forger.seal(forger.payload(fields, appid="wx0000000000000000")),
        "stale": forger.seal(forger.payload(fields, age=301)),
        "from tomorrow": forger.seal(forger.payload(fields, age=-86400)),
        "openId of another": forger.seal(forger.payload(fields, openId="o" * 28)),
    }


@pytest.mark.parametrize(
    ("path", "fields", "more"),
    [("/v1/phone", PHONE, {}), ("/v1/open-data", USER, {"kind": "user_info"})],
)
def test_refusals_after_the_key_is_used_are_the_same_bytes(
    service: Service, path: str, fields: dict[str, Any], more: dict[str, str]
) -> None:
    """Wrong key, padding, UTF-8, JSON, schema, watermark, age, openId, no key: one and the same 409, byte for byte.

    Control: the same forger with nothing wrong is answered 200.
    """
    forger = Forger(service, service.signed_in())
    assert forger.ask(path, forger.seal(forger.payload(fields)), **more).status_code == 200
    seen = {what: plain(forger.ask(path, data, **more)) for what, data in refusals(forger, fields).items()}
    signed = {"kind": "user_info", "raw_data": json.dumps(USER), "signature": "0" * 40}
    seen["signature"] = plain(forger.client.call("POST", "/v1/open-data", signed, headers=FIXED))
    forget_key(service)
    seen["no key"] = plain(forger.ask(path, forger.seal(forger.payload(fields)), **more))
    different = {what for what, found in seen.items() if found != seen["wrong key"]}
    assert not different
    assert seen["wrong key"][0] == 409
    assert json.loads(seen["wrong key"][1])["code"] == "stale_session_key"


def forget_key(service: Service) -> None:
    """Take the person's keyring out of the database, as an erasure would."""
    import sqlite3  # noqa: PLC0415 - this test alone looks behind the store

    with sqlite3.connect(service.database) as database:
        assert database.execute("DELETE FROM keyrings").rowcount == 1
    database.close()


def test_before_the_key_is_used_the_form_is_told(shared: Service) -> None:
    """Base64, lengths and size are the caller's own and are told: 400 open_data_invalid, key or no key."""
    forger = Forger(shared, shared.signed_in())
    block, iv = base64.b64encode(b"x" * 32).decode(), base64.b64encode(IV).decode()
    for data, vector in (
        ("!" * 44, iv),
        (block + "\n", iv),
        (block.replace("=", ""), iv),
        (base64.b64encode(b"x" * 31).decode(), iv),
        (base64.b64encode(b"x" * 48 * 1024 + b"x" * 16).decode()[:65000], iv),
        (block, base64.b64encode(IV[:15]).decode()),
        (block, base64.b64encode(IV + b"x").decode()),
        (block, ""),
        (block, "é"),
    ):
        reply = forger.client.call("POST", "/v1/phone", {"encrypted_data": data, "iv": vector})
        assert (reply.status_code, reply.json()["code"]) == (400, "open_data_invalid")


def test_a_ciphertext_of_another_person_does_not_open(service: Service) -> None:
    """What was encrypted for ming opens for nobody but ming."""
    event = service.world.phone("ming").getPhoneNumber
    service.signed_in("ming")
    hong = service.signed_in("hong")
    reply = hong.phone(event(tap=True))
    assert (reply.status_code, reply.json()["action"]) == (409, "retap")
