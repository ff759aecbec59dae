"""Redis Cluster: every command keeps to one slot, and the store works on three real nodes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis as redis_py
from redis.crc import key_slot

from menjin import AesGcmVault
from menjin.access_tokens.model import Record
from menjin.adapters.redis.access_tokens import RedisTokens
from menjin.adapters.redis.clients import open_async_redis, open_redis
from menjin.adapters.redis.sessions import RedisSessions
from menjin.bridge import settle
from menjin.clock import SystemRandomness
from menjin.sessions.revocations import Revocation
from menjin.sessions.token import make_token
from menjin.values import AppId
from support.clock import START
from support.doors import VAULT_KEY
from support.redis_cluster import RedisCluster
from support.redis_rig import Runner, make_session
from support.servers import RedisServer

pytestmark = pytest.mark.servers


def do_everything(run: Runner, store: RedisSessions) -> None:
    """Use every method of the store, with sessions of several slots."""
    run(store.prepare())
    made = [make_session() for _ in range(20)]
    for session, token in made:
        run(store.add(session, token.token_hash))
        found = run(store.find(token.token_hash))
        assert found is not None
        assert found.session == session
    assert run(store.find("0" * 96)) is None
    first, token = made[0]
    new = make_token(SystemRandomness(), token.token)
    run(store.touch(first.session_id, START + timedelta(hours=2)))
    run(store.confirm(first.session_id, START))
    assert run(store.rotate(first.session_id, token.token_hash, new.token_hash, None, START))
    run(store.end(first.session_id, "signed_out", START))
    assert len(run(store.list_live(first.subject.identity_id, START))) == 19
    servers = run(store.identify())
    ended = [Revocation(0, session.session_id, "kicked_out", START) for session, _ in made]
    assert not run(store.knows_ends(servers))
    run(store.apply_ends(ended, START, servers))
    assert run(store.knows_ends(servers))
    assert run(store.list_live(first.subject.identity_id, START)) == ()
    run(store.ping())


def test_the_store_on_a_real_cluster(run: Runner, cluster: RedisCluster) -> None:
    """Everything works on three nodes, in both colours."""
    open_redis(cluster.url).flushall()
    store = RedisSessions(open_async_redis(cluster.url) if run.colour == "async" else open_redis(cluster.url))
    do_everything(run, store)
    assert run(store.identify()).count(":") == 3
    run(store.close())


def test_access_tokens_on_a_real_cluster(run: Runner, cluster: RedisCluster) -> None:
    """Apps of different slots each have their record; the fence holds on each."""
    open_redis(cluster.url).flushall()
    client: Any = open_async_redis(cluster.url) if run.colour == "async" else open_redis(cluster.url)
    store = RedisTokens(client, AesGcmVault("k1", {"k1": VAULT_KEY}))
    appids = [AppId(f"wx{number:016x}") for number in range(20)]
    for appid in appids:
        assert run(store.load(appid)) is None
        assert run(store.swap(appid, None, Record("tag-1", "stable")))
        assert not run(store.swap(appid, None, Record("tag-2", "stable")))
        assert run(store.load(appid)) == Record("tag-1", "stable")
    assert len({key_slot(f"mj:at:{{{appid}}}".encode()) for appid in appids}) > 1
    run(settle(client.close() if run.colour == "sync" else client.aclose()))


def test_every_command_and_script_keeps_to_one_slot(redis: RedisServer) -> None:
    """As the server saw it: the keys of a command, and those its script touches, hash to one slot."""
    run = Runner("sync")
    store = RedisSessions(open_redis(redis.url))
    with redis_py.Redis.from_url(redis.url) as client, client.monitor() as monitor:
        do_everything(run, store)
        client.set("over", "1")
        groups: list[set[int]] = []
        kinds = set()
        for seen in monitor.listen():
            words = seen["command"].split(" ")
            if words[:2] == ["SET", "over"]:
                break
            keys = {key_slot(word.encode()) for word in words if word.startswith("mj:")}
            if seen["client_type"] == "lua":
                groups[-1] |= keys
            else:
                groups.append(keys)
            kinds.add(words[0])
    assert {"EVALSHA", "HGETALL", "GET", "SET", "HDEL", "EVAL"} <= kinds
    assert len(groups) > 100
    assert {len(group) for group in groups} == {0, 1}
    run(store.close())
