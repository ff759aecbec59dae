"""What lies in Redis is no key to any door."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_py

from menjin.adapters.redis.clients import open_redis
from menjin.adapters.redis.sessions import RedisSessions
from menjin.bridge import drive
from menjin.errors import SessionInvalid
from menjin.sessions.token import hash_token
from menjin.values import Secret
from support.redis_rig import make_session
from support.servers import RedisServer

pytestmark = pytest.mark.servers
_RUN = re.compile(rb"[A-Za-z0-9_+/=-]{20,}")


@pytest.fixture
def plain_redis() -> Iterator[RedisServer]:
    """A Redis whose dump is not compressed."""
    server = RedisServer("--rdbcompression", "no")
    yield server
    server.remove()


def is_accepted(store: RedisSessions, token: str) -> bool:
    """Whether the store knows the current session of a token."""
    try:
        found = drive(store.find(hash_token(Secret(token))))
    except SessionInvalid:
        return False
    return found is not None and found.rotated_at is None


def candidates(dump: bytes) -> set[str]:
    """Return every token that the dump's strings could be, or be made into."""
    found: set[str] = set()
    for run in set(_RUN.findall(dump)):
        text = run.decode()
        texts = {text, text.removeprefix("mjs_")}
        if re.fullmatch(r"[0-9a-f]{64,}", text):
            raw = bytes.fromhex(text[: len(text) // 2 * 2])
            texts |= {base64.urlsafe_b64encode(part).decode() for part in (raw[:32], raw[-32:])}
        for one in texts:
            found |= {f"mjs_{one[:43]}", f"mjs_{one[-43:]}", one}
    return found


def test_no_string_of_a_dump_is_accepted_as_a_token(plain_redis: RedisServer) -> None:
    """1,000 sessions: nothing in the dump opens one. Controls: real tokens do, and a token kept plain is found."""
    store = RedisSessions(open_redis(plain_redis.url))
    tokens = []
    for number in range(1000):
        session, token = make_session(f"p{number}")
        drive(store.add(session, token.token_hash))
        tokens.append(token.token.reveal())
    assert all(is_accepted(store, token) for token in tokens)
    guesses = candidates(read_dump(plain_redis))
    assert len(guesses) > 5000
    assert [guess for guess in guesses if is_accepted(store, guess)] == []
    with redis_py.Redis.from_url(plain_redis.url) as client:
        client.set("careless", tokens[0])
    assert any(is_accepted(store, guess) for guess in candidates(read_dump(plain_redis)))
    drive(store.close())


def read_dump(server: RedisServer) -> bytes:
    """Have Redis write its dump, and return it."""
    with redis_py.Redis.from_url(server.url) as client:
        client.save()
    return Path(server.folder / "dump.rdb").read_bytes()
