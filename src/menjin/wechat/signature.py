"""The signatures WeChat makes with a session_key.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature
"""

from __future__ import annotations

import hashlib
import hmac

from menjin.values import Secret


def sign_raw_data(raw_data: str, session_key: Secret) -> str:
    """Return the `signature` that goes with `rawData`: hex SHA-1 over its UTF-8 bytes and the key's text.

    Args:
        raw_data: As received, byte for byte; a JSON serialised anew hashes differently.
        session_key: The text as WeChat sent it, not decoded.
    """
    data = raw_data.encode() + session_key.reveal().encode()
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def verify_raw_data(raw_data: str, signature: str, session_key: Secret) -> bool:
    """Whether `signature` is the one WeChat made; compared in constant time."""
    return hmac.compare_digest(sign_raw_data(raw_data, session_key).encode(), signature.encode())


def sign_session(session_key: Secret, message: bytes = b"") -> str:
    """Return the hex HMAC-SHA-256 that server calls prove a session_key with.

    Args:
        session_key: Its text is the HMAC key, not the decoded bytes.
        message: The exact POST body; nothing for a GET.
    """
    return hmac.new(session_key.reveal().encode(), message, hashlib.sha256).hexdigest()


def hash_encrypted_data(encrypted_data: str) -> str:
    """Return the hash `/wxa/business/checkencryptedmsg` asks for: hex SHA-256 of the base64 text."""
    return hashlib.sha256(encrypted_data.encode()).hexdigest()
