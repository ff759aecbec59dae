"""Vault keys, rotated where access_tokens are kept in Redis."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from menjin import AccessToken, AesGcmVault, AppId, Secret, new_vault_key
from menjin.access_tokens.model import Record
from menjin.adapters.redis.access_tokens import RedisTokens
from menjin.apps import LEGACY
from menjin.bridge import drive
from support.command import run_command
from support.program import write_config
from support.servers import RedisServer
from wxsim import FIRST_APPID

pytestmark = pytest.mark.servers
APPID = AppId(FIRST_APPID)
KEYS = {"k1": new_vault_key(), "k2": new_vault_key()}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
RECORD = Record("t1", LEGACY, AccessToken(APPID, Secret("at-1"), 1, NOW, NOW + timedelta(hours=2)))


def open_tokens(server: RedisServer, active: str, names: str) -> RedisTokens:
    """Return the store with some of the keys."""
    return RedisTokens(
        redis.Redis.from_url(server.url), AesGcmVault(active, {name: KEYS[name] for name in names.split()})
    )


def write(folder: Path, server: RedisServer, active: str, names: str) -> None:
    """Write a configuration with some of the keys."""
    path = write_config(folder, "http://127.0.0.1:1")
    head, _, rest = path.read_text("utf-8").partition("[vault]")
    ring = "\n".join(f'keys.{name} = "{KEYS[name].reveal()}"' for name in names.split())
    rest = rest[rest.index("[database]") :]
    path.write_text(f'{head}[vault]\nactive = "{active}"\n{ring}\n{rest}[redis]\nurl = "{server.url}"\n', "utf-8")


def test_a_token_in_redis_is_sealed_anew(redis_server: RedisServer, tmp_path: Path) -> None:
    """Counted, sealed anew under its tag, and then opened without the old key; missed before that, by every command."""
    redis_server.flush()
    tokens = open_tokens(redis_server, "k1", "k1")
    assert drive(tokens.swap(APPID, None, RECORD))
    write(tmp_path, redis_server, "k2", "k2")
    assert run_command(tmp_path, "migrate").returncode == 0
    for words, status in ((("serve", "--port=0"), 2), (("keys", "rotate"), 2), (("doctor",), 1)):
        ended = run_command(tmp_path, *words)
        assert ended.returncode == status
        assert "k1 is missing, and sealed an access_token in Redis" in ended.stdout + ended.stderr
        assert "may leave" not in ended.stdout
    write(tmp_path, redis_server, "k2", "k1 k2")
    assert run_command(tmp_path, "keys", "status").stdout.splitlines()[1:] == ["k1\t1\tin the ring", "k2\t0\tactive"]
    assert "1 sealed anew with k2" in run_command(tmp_path, "keys", "rotate").stdout
    assert run_command(tmp_path, "keys", "status").stdout.splitlines()[1:] == ["k1\t0\tin the ring", "k2\t1\tactive"]
    assert drive(open_tokens(redis_server, "k2", "k2").load(APPID)) == RECORD
    assert drive(tokens_with_both(redis_server).swap(APPID, "t1", replace(RECORD, tag="t2")))


def tokens_with_both(server: RedisServer) -> RedisTokens:
    """Return the store of a process that has both keys."""
    return open_tokens(server, "k2", "k1 k2")


def test_a_token_of_a_key_that_is_missing_is_told_by_that_key(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It counts as none, so the next renewal takes its place under the lease; the log says which key is missing."""
    redis_server.flush()
    assert drive(open_tokens(redis_server, "k2", "k2").swap(APPID, None, RECORD))
    assert drive(open_tokens(redis_server, "k1", "k1").load(APPID)) == replace(RECORD, token=None)
    assert "the vault key k2 that sealed" in caplog.text


def test_without_redis_no_key_may_leave(tmp_path: Path, redis_server: RedisServer) -> None:
    """Nobody knows what is sealed there."""
    write(tmp_path, redis_server, "k2", "k1 k2")
    assert run_command(tmp_path, "migrate").returncode == 0
    ended = run_command(tmp_path, "keys", "rotate", MENJIN_REDIS__URL="redis://127.0.0.1:1/0")
    assert (ended.returncode, "may leave" in ended.stdout) == (1, False)
    assert "Redis cannot be used" in ended.stderr
