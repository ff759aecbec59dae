"""Opening WeChat's encrypted data, and judging what comes out.

Rules (CBC has no MAC, so each of them carries weight):

1. Before the key is used, form only: strict base64, iv of 16 bytes, whole blocks, bounded size.
   A fault here is the caller's and is told: `OpenDataInvalid`.
2. Afterwards, one answer for every fault, `StaleSessionKey`: padding (1..16, every byte), UTF-8, JSON
   object without a name twice, schema of the kind the door fixed, watermark, openId. Who could tell
   bad padding from bad JSON could forge any plaintext.
3. Nothing decrypted is an identity. An openId must be the session's; a unionId counts beside it only.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from menjin.clock import to_micros
from menjin.errors import OpenDataInvalid, StaleSessionKey
from menjin.strict_json import read_object
from menjin.values import AppId, OpenId, Secret
from menjin.wechat.open_data_kinds import OpenDataKind, meets_schema

_BLOCK = 16
_LARGEST = 48 * 1024


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """encrypted_data and iv of good form; nothing is known yet of what they hold."""

    data: bytes = field(repr=False)
    iv: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a payload must agree with: the session's app and person, and the time.

    Attributes:
        freshness: How far the watermark's timestamp may lie from `now`, either way.
    """

    kind: OpenDataKind
    appid: AppId
    openid: OpenId
    now: datetime
    freshness: timedelta = timedelta(minutes=5)


def parse_ciphertext(encrypted_data: str, iv: str) -> Ciphertext:
    """Return the pair, decoded.

    Args:
        encrypted_data: Base64, standard alphabet with padding.
        iv: The same, 16 bytes.

    Raises:
        OpenDataInvalid: Not base64, not whole blocks, too large, or an iv of another length.
    """
    parsed = Ciphertext(_decode(encrypted_data), _decode(iv))
    if len(parsed.iv) != _BLOCK or not parsed.data or len(parsed.data) % _BLOCK or len(parsed.data) > _LARGEST:
        raise OpenDataInvalid
    return parsed


def open_ciphertext(ciphertext: Ciphertext, session_key: Secret, expected: Expected) -> Mapping[str, Any]:
    """Return the payload, its watermark included.

    Raises:
        StaleSessionKey: It does not open, or what comes out is not what was expected; which, is not said.
    """
    try:
        payload = read_object(_unpad(_decrypt(ciphertext, session_key)))
    except ValueError:
        payload = {}
    if not _is_expected(payload, expected):
        raise StaleSessionKey
    return payload


def _decode(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):  # TypeError: no text at all
        raise OpenDataInvalid from None
    if base64.b64encode(data).decode() != text:  # spare bits set, or padding in the middle
        raise OpenDataInvalid
    return data


def _decrypt(ciphertext: Ciphertext, session_key: Secret) -> bytes:
    key = base64.b64decode(session_key.reveal(), validate=True)
    if len(key) != _BLOCK:
        raise ValueError("the session_key is not 16 bytes")
    reader = Cipher(algorithms.AES128(key), modes.CBC(ciphertext.iv)).decryptor()
    return reader.update(ciphertext.data) + reader.finalize()


def _unpad(padded: bytes) -> bytes:
    count = padded[-1]
    if not 1 <= count <= _BLOCK or padded[-count:] != bytes([count]) * count:
        raise ValueError("padding")
    return padded[:-count]


def _is_expected(payload: Mapping[str, Any], expected: Expected) -> bool:
    return (
        _watermark_fits(payload.get("watermark"), expected)
        and meets_schema(expected.kind, payload)
        and payload.get("openId", expected.openid) == expected.openid
    )


def _watermark_fits(watermark: object, expected: Expected) -> bool:
    if not isinstance(watermark, dict) or watermark.get("appid") != expected.appid:
        return False
    timestamp = watermark.get("timestamp")
    if not isinstance(timestamp, int) or isinstance(timestamp, bool):
        return False
    off = to_micros(expected.now) - timestamp * 1_000_000  # whole numbers: one of 400 digits is no float
    return abs(off) <= expected.freshness // timedelta(microseconds=1)
