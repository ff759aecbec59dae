"""Encrypted data as WeChat makes it, by keys and ivs of one's choosing, and WeChat's own published sample."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from menjin.values import AppId, OpenId, Secret
from menjin.wechat.open_data_kinds import OpenDataKind
from menjin.wechat.opendata import Ciphertext, Expected, open_ciphertext

BLOCK = 16
VECTORS = Path(__file__).parents[2] / "vectors"
SAMPLE_IV = bytes(range(BLOCK))


def load_cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of a file in vectors/."""
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    return found


def case_of(identifier: str) -> dict[str, Any]:
    """Return one case of vectors/open_data.json."""
    return next(case for case in load_cases("open_data") if case["id"] == identifier)


OFFICIAL = case_of("opendata-official-userinfo")
PHONE = case_of("opendata-derived-phone")
KEY = str(OFFICIAL["session_key"])
APPID = AppId(OFFICIAL["appid"])
OPENID = OpenId(OFFICIAL["payload"]["openId"])
UNIONID = str(OFFICIAL["payload"]["unionId"])
NOW = datetime.fromtimestamp(OFFICIAL["payload"]["watermark"]["timestamp"], UTC)
USER_INFO: Mapping[str, Any] = OFFICIAL["payload"]
PHONE_INFO: Mapping[str, Any] = {**PHONE["payload"], "watermark": USER_INFO["watermark"]}


@dataclass(frozen=True, slots=True)
class Sealed:
    """An iv and a ciphertext, as bytes that can be cut and flipped."""

    iv: bytes
    data: bytes

    def texts(self) -> tuple[str, str]:
        """Return encrypted_data and iv as a client sends them."""
        return base64.b64encode(self.data).decode(), base64.b64encode(self.iv).decode()

    def blocks(self) -> list[bytes]:
        """Return the ciphertext in blocks."""
        return [self.data[at : at + BLOCK] for at in range(0, len(self.data), BLOCK)]


def sealed_of(case: Mapping[str, Any]) -> Sealed:
    """Return the iv and ciphertext of a vector."""
    return Sealed(base64.b64decode(case["iv"]), base64.b64decode(case["encrypted_data"]))


def seal(plaintext: bytes, *, key: str = KEY, iv: bytes = SAMPLE_IV) -> Sealed:
    """Encrypt as WeChat does: AES-128-CBC, PKCS#7."""
    pad = BLOCK - len(plaintext) % BLOCK
    return seal_blocks(plaintext + bytes([pad]) * pad, key=key, iv=iv)


def seal_blocks(padded: bytes, *, key: str = KEY, iv: bytes = SAMPLE_IV) -> Sealed:
    """Encrypt whole blocks, padded by the caller."""
    writer = Cipher(algorithms.AES128(base64.b64decode(key)), modes.CBC(iv)).encryptor()
    return Sealed(iv, writer.update(padded) + writer.finalize())


def seal_payload(payload: Mapping[str, Any], *, key: str = KEY, iv: bytes = SAMPLE_IV) -> Sealed:
    """Encrypt a payload, in the order of its keys and without blanks, as WeChat writes it."""
    return seal(to_json(payload), key=key, iv=iv)


def to_json(payload: Mapping[str, Any]) -> bytes:
    """Return a payload as WeChat writes it."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def expect(kind: OpenDataKind, *, now: datetime = NOW) -> Expected:
    """Return what the library must hold a payload of the sample's person against."""
    return Expected(kind, APPID, OPENID, now)


def open_sealed(sealed: Sealed, kind: OpenDataKind, *, key: str = KEY, now: datetime = NOW) -> Mapping[str, Any]:
    """Open by the library's own rules, for the sample's app and person."""
    return open_ciphertext(Ciphertext(sealed.data, sealed.iv), Secret(key), expect(kind, now=now))


def flips(sealed: Sealed) -> Iterator[Sealed]:
    """Yield every change of one bit of iv and ciphertext."""
    for at in range(8 * len(sealed.iv)):
        yield Sealed(flip(sealed.iv, at), sealed.data)
    for at in range(8 * len(sealed.data)):
        yield Sealed(sealed.iv, flip(sealed.data, at))


def flip(data: bytes, at: int) -> bytes:
    """Return `data` with one bit changed."""
    return bytes(byte ^ (1 << at % 8) if index == at // 8 else byte for index, byte in enumerate(data))
