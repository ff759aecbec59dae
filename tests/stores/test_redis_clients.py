"""The forms of a Redis URL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import redis as redis_py

from menjin.adapters.redis.clients import check_redis_url, open_async_redis, open_redis
from menjin.adapters.redis.sessions import RedisSessions
from menjin.errors import StoreUnavailable
from stores.test_redis_cluster import do_everything
from support.ports import free_port
from support.redis_cluster import RedisCluster
from support.redis_rig import Runner, make_session, open_client
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


_RIGHTS = "~mj:* +@read +@write +@scripting +@connection +info +config|get"
_CLUSTER_RIGHTS = "+cluster|slots"
_SENTINEL_RIGHTS = "+@connection +sentinel|masters"


def _allow(port: int, name: str, rights: str) -> None:
    with redis_py.Redis(port=port) as admin:
        admin.execute_command("ACL", "SETUSER", name, "reset", "on", ">geheim", *rights.split())


def _try_everything(run: Runner, url: str) -> None:
    store = RedisSessions(open_client(run.colour, url))
    try:
        do_everything(run, store)
    finally:
        run(store.close())


def test_the_operations_page_names_the_rights() -> None:
    """Those that the tests below give."""
    page = (Path(__file__).parents[2] / "docs/operations/revocation.md").read_text("utf-8").replace("\\|", "|")
    for rights in (_RIGHTS, _CLUSTER_RIGHTS, _SENTINEL_RIGHTS):
        assert f"`{rights}`" in page


@pytest.mark.servers
def test_the_rights_suffice(run: Runner, redis: RedisServer) -> None:
    """A Redis user with the page's rights and no more can do all the store asks."""
    _allow(redis.port, "menjin", _RIGHTS)
    _try_everything(run, f"redis://menjin:geheim@127.0.0.1:{redis.port}/0")


@pytest.mark.servers
def test_the_rights_suffice_on_a_cluster(run: Runner, cluster: RedisCluster) -> None:
    """There it takes CLUSTER SLOTS too: nobody can be asked without it (the control)."""
    url = cluster.url.replace("://", "://menjin:geheim@")
    for node in cluster.nodes:
        _allow(node.port, "menjin", _RIGHTS)
    with pytest.raises(StoreUnavailable):
        _try_everything(run, url)
    for node in cluster.nodes:
        _allow(node.port, "menjin", f"{_RIGHTS} {_CLUSTER_RIGHTS}")
    _try_everything(run, url)


@pytest.mark.servers
def test_the_rights_suffice_behind_sentinel(run: Runner, redis: RedisServer) -> None:
    """The master's user has the rights of a single server's, the sentinels' own default user two."""
    _allow(redis.port, "menjin", _RIGHTS)
    sentinel = RedisServer(sentinel_config=f"sentinel monitor shop 127.0.0.1 {redis.port} 1\n")
    try:
        _allow(sentinel.port, "default", _SENTINEL_RIGHTS)
        place = f"127.0.0.1:{sentinel.port}/shop/0?sentinel_password=geheim"
        _try_everything(run, f"redis+sentinel://menjin:geheim@{place}")
    finally:
        sentinel.remove()


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
