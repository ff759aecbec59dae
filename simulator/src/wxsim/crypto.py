"""WeChat's open-data cryptography and signatures.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK = 16


def session_signature(session_key: str, message: bytes) -> str:
    """Return the user login-state signature.

    Args:
        session_key: the key as text; WeChat signs with the text, not its bytes.
        message: the exact POST body, empty for a GET.
    """
    return hmac.new(session_key.encode(), message, hashlib.sha256).hexdigest()


def raw_data_signature(session_key: str, raw_data: str) -> str:
    """Return ``signature`` of getUserInfo: SHA-1 over rawData and the key's text."""
    # SHA-1 is WeChat's choice; nothing here relies on its strength.
    return hashlib.sha1((raw_data + session_key).encode(), usedforsecurity=False).hexdigest()


def encrypted_msg_hash(encrypted_data: str) -> str:
    """Return the hash that checkencryptedmsg takes: SHA-256 of the base64 text."""
    return hashlib.sha256(encrypted_data.encode()).hexdigest()


def _cipher(session_key: str, iv: bytes) -> Cipher[CBC]:
    return Cipher(AES(base64.b64decode(session_key, validate=True)), CBC(iv))


def seal(session_key: str, iv: bytes, plaintext: bytes) -> str:
    """Encrypt open data as WeChat does: AES-128-CBC, PKCS#7, base64.

    Args:
        session_key: base64 of 16 bytes.
        iv: 16 bytes.
        plaintext: what to encrypt.
    """
    pad = BLOCK - len(plaintext) % BLOCK
    worker = _cipher(session_key, iv).encryptor()
    sealed = worker.update(plaintext + bytes([pad]) * pad) + worker.finalize()
    return base64.b64encode(sealed).decode()


def unseal(session_key: str, iv: str, encrypted_data: str) -> bytes:
    """Decrypt open data strictly; for tests and the curious.

    Args:
        session_key: base64 of 16 bytes.
        iv: base64 of 16 bytes.
        encrypted_data: base64 text.

    Raises:
        ValueError: any part has a wrong shape, or the padding is not PKCS#7.
    """
    first, sealed = (base64.b64decode(text, validate=True) for text in (iv, encrypted_data))
    if len(base64.b64decode(session_key, validate=True)) != BLOCK:
        message = "a session_key has 16 bytes"
        raise ValueError(message)
    worker = _cipher(session_key, first).decryptor()
    plain = worker.update(sealed) + worker.finalize()
    pad = plain[-1] if plain else 0
    if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
        message = "the padding is broken"
        raise ValueError(message)
    return plain[:-pad]


def open_data(session_key: str, iv: str, encrypted_data: str, appid: str) -> dict[str, object]:
    """Decrypt open data and check that it was made for ``appid``.

    Raises:
        ValueError: wrong shape, padding, JSON or watermark.
    """
    plain = unseal(session_key, iv, encrypted_data)
    try:
        data = msgspec.json.decode(plain, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = "the plaintext is no JSON object"
        raise ValueError(message) from error
    mark = data.get("watermark")
    if not isinstance(mark, dict) or mark.get("appid") != appid:
        message = "the watermark names another app"
        raise ValueError(message)
    return data
