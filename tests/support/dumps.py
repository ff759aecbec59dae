"""Everything a thief of the stores would hold, and what may be made of it."""

from __future__ import annotations

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import redis
import sqlalchemy as sa

_PIECE = re.compile(r"[A-Za-z0-9_+/=-]{20,}")
_TOKEN_BYTES = 32


@dataclass
class Dump:
    """A dump.

    Attributes:
        values: Where each value stood, and the value as bytes.
    """

    values: list[tuple[str, bytes]] = field(default_factory=list)

    def texts(self) -> Iterator[str]:
        """Yield every string in it, whole and in pieces."""
        for _, value in self.values:
            text = value.decode("utf-8", errors="replace")
            yield text
            yield from _PIECE.findall(text)

    def candidates(self) -> set[str]:
        """Return everything that might be tried as a token: as it stands, with the prefix, and decoded."""
        found: set[str] = set()
        for text in set(self.texts()):
            found |= {text, f"mjs_{text}", f"mjs_{text[:43]}", f"mjs_{text[-43:]}"}
            for data in _decodings(text):
                pieces = {data[:_TOKEN_BYTES], data[-_TOKEN_BYTES:]}
                found |= {"mjs_" + base64.urlsafe_b64encode(piece).decode().rstrip("=") for piece in pieces}
        return found

    def find(self, secrets: Mapping[str, str]) -> list[str]:
        """Return which secrets (by name) stand where: as they are, as bytes, in base64 or in hex."""
        by_length: dict[int, dict[bytes, str]] = defaultdict(dict)
        for name, secret in secrets.items():
            for form in _spellings(secret):
                by_length[len(form)][form] = name
        return [
            f"{forms[value[at : at + length]]} in {where}"
            for where, value in self.values
            for length, forms in by_length.items()
            for at in range(len(value) - length + 1)
            if value[at : at + length] in forms
        ]


def _decodings(text: str) -> Iterator[bytes]:
    for decode in (bytes.fromhex, _from_base64):
        try:
            data = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(data) >= _TOKEN_BYTES:
            yield data


def _from_base64(text: str) -> bytes:
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _spellings(secret: str) -> set[bytes]:
    raw = {secret.encode()}
    try:
        decoded = base64.b64decode(secret, validate=True)
    except binascii.Error:
        decoded = b""
    if len(decoded) == 16:
        raw.add(decoded)
    found = set(raw)
    for data in raw:
        encoded = base64.b64encode(data).rstrip(b"=")
        found |= {data.hex().encode(), data.hex().upper().encode(), encoded, encoded.translate(_URLSAFE)}
    return found


_URLSAFE = bytes.maketrans(b"+/", b"-_")


def dump_sql(engine: sa.Engine) -> Dump:
    """Return every value of every table."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    dump = Dump()
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                named = zip(table.columns.keys(), row, strict=True)
                dump.values += [
                    (f"{table.name}.{name}", _to_bytes(value)) for name, value in named if value is not None
                ]
    return dump


def _to_bytes(value: Any) -> bytes:  # noqa: ANN401 - whatever a database holds
    return value if isinstance(value, bytes) else str(value).encode()


def dump_redis(client: redis.Redis) -> Dump:
    """Return every key with what it holds, as Redis would write it to disk."""
    dump = Dump()
    for key in client.scan_iter(count=1000):
        dump.values.append(("redis key", key))
        dump.values += [("redis value", part) for part in _parts(client, key)]
    return dump


def _parts(client: Any, key: bytes) -> Iterable[bytes]:  # noqa: ANN401 - redis-py's types say awaitable or not
    kind = client.type(key).decode()
    if kind == "hash":
        return [part for pair in client.hgetall(key).items() for part in pair]
    if kind == "zset":
        return list(client.zrange(key, 0, -1))
    if kind == "set":
        return list(client.smembers(key))
    if kind == "list":
        return list(client.lrange(key, 0, -1))
    return [client.get(key)]
