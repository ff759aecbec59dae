"""The forms of a Redis URL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

from menjin.adapters.redis.clients import check_redis_url, open_async_redis, open_redis
from menjin.adapters.redis.sessions import RedisSessions
from menjin.errors import StoreUnavailable
from stores.test_redis_cluster import do_everything
from support.ports import free_port
from support.redis_rig import Runner, make_session
from support.servers import RedisServer


@pytest.mark.servers
def test_sentinel_leads_to_the_master(run: Runner, redis: RedisServer) -> None:
    """redis+sentinel:// asks the sentinels where the master is."""
    config = f"sentinel monitor shop 127.0.0.1 {redis.port} 1\n"
    sentinel = RedisServer(sentinel_config=config)
    try:
        url = f"redis+sentinel://127.0.0.1:{sentinel.port}/shop/0"
        store = RedisSessions(open_async_redis(url) if run.colour == "async" else open_redis(url))
        session, token = make_session()
        run(store.add(session, token.token_hash))
        found = run(store.find(token.token_hash))
        assert found is not None
        assert found.session == session
        run(store.close())
    finally:
        sentinel.remove()


@pytest.mark.servers
def test_the_rights_that_the_operations_page_names_suffice(run: Runner, redis: RedisServer) -> None:
    """A Redis user with these rights and no more can do all the store asks."""
    page = (Path(__file__).parents[2] / "docs/operations/revocation.md").read_text("utf-8")
    rights = "~mj:* +@read +@write +@scripting +@connection +info +config|get"
    assert rights.replace("|", "\\|") in page
    admin: Any = redis_py.Redis.from_url(redis.url)
    admin.execute_command("ACL", "SETUSER", "menjin", "reset", "on", ">geheim", *rights.split())
    admin.close()
    url = f"redis://menjin:geheim@127.0.0.1:{redis.port}/0"
    store = RedisSessions(open_async_redis(url) if run.colour == "async" else open_redis(url))
    do_everything(run, store)
    run(store.close())


def test_a_url_that_cannot_be_used_is_refused_without_being_shown() -> None:
    """The text says which forms there are and shows nothing of the URL, where a password may be."""
    for url in (
        "http://:geheim@h/0",
        "redis+sentinel://:geheim@h:1",
        "redis+other://:geheim@h",
        "redis://:geheim@h:geheim/0",
        "redis+cluster://:geheim@",
        "redis+sentinel://:geheim@h:geheim/shop",
        "redis+sentinel://h/shop/geheim",
    ):
        with pytest.raises(ValueError, match="redis://host:port/0") as caught:
            check_redis_url(url)
        assert "geheim" not in str(caught.value)
    for url in ("redis://:p@h:1/0", "rediss://u:p@h", "unix:///run/redis.sock", "rediss+cluster://:p@h:1,[::1]:2"):
        check_redis_url(url)


def test_a_client_shows_no_password() -> None:
    """Not in its repr either, nor in that of its pool."""
    store = RedisSessions(open_redis("redis://:geheim@127.0.0.1:1/0"))
    assert "geheim" not in repr(store)
    assert "geheim" not in repr(vars(store))


def test_a_cluster_that_is_away_is_store_unavailable() -> None:
    """Nobody listens there: StoreUnavailable, in the caller's words."""
    with pytest.raises(StoreUnavailable):
        open_redis(f"redis+cluster://127.0.0.1:{free_port()}")
    assert isinstance(open_redis("redis://127.0.0.1:1"), redis_py.Redis)


def test_menjin_works_without_redis_py() -> None:
    """redis-py is an extra: without it the library and the service's settings are imported all the same."""
    code = "import sys; sys.modules['redis'] = None; import menjin, menjin.service.settings"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
