"""A cluster's node frozen, killed, emptied into another: about a second, its own sessions only, keys followed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from menjin.adapters.redis.commands import Commands
from menjin.adapters.redis.records import session_key
from menjin.adapters.redis.scripts import TOUCH
from menjin.adapters.redis.sessions import RedisSessions
from menjin.bridge import drive
from menjin.errors import StoreUnavailable
from menjin.sessions.model import Session
from menjin.sessions.revocations import Revocation
from menjin.sessions.token import NewToken, read_slot
from support.clock import START
from support.redis_cluster import RedisCluster
from support.redis_rig import Runner, make_session, open_client

pytestmark = pytest.mark.servers

_SOON = 1.9  # about a second: one for the answer, the rest for a busy machine
Made = tuple[Session, NewToken]


@pytest.fixture
def partial_cluster(cluster: RedisCluster) -> Iterator[RedisCluster]:
    """A cluster whose other primaries go on when one is away."""
    cluster.ask_all("CONFIG", "SET", "cluster-require-full-coverage", "no")
    yield cluster
    for node in cluster.nodes:
        node.resume_or_start()
    cluster.ask_all("CONFIG", "SET", "cluster-require-full-coverage", "yes")


def _fill(run: Runner, store: RedisSessions, cluster: RedisCluster) -> list[list[Made]]:
    """Keep sessions; return them by the node that has them."""
    found: list[list[Made]] = [[], [], []]
    for _ in range(30):
        session, token = make_session()
        run(store.add(session, token.token_hash))
        found[cluster.owner(session_key(read_slot(token.token_hash)))].append((session, token))
    return found


def _is_found(run: Runner, store: RedisSessions, made: Made) -> bool:
    """Whether the session is found; False if the store cannot be asked. Either way soon."""
    began = time.monotonic()
    try:
        found = run(store.find(made[1].token_hash))
    except StoreUnavailable:
        return False
    finally:
        assert time.monotonic() - began < _SOON
    assert found is not None
    assert found.session == made[0]
    return True


@pytest.mark.parametrize("frozen", [0, 1])
def test_a_frozen_primary_costs_its_own_sessions_about_a_second(
    run: Runner, partial_cluster: RedisCluster, frozen: int
) -> None:
    """Each of its sessions is 503 in about a second, all others are found; back within two seconds of its return."""
    store = RedisSessions(open_client(run.colour, partial_cluster.url))
    by_node = _fill(run, store, partial_cluster)
    others = [made for number, mine in enumerate(by_node) if number != frozen for made in mine]
    partial_cluster.nodes[frozen].pause()
    until = time.monotonic() + 3.5  # the others give it up after two
    while time.monotonic() < until:
        assert not _is_found(run, store, by_node[frozen][0])
        assert all(_is_found(run, store, made) for made in others)
    partial_cluster.nodes[frozen].resume()
    _wait_until_found(run, store, by_node[frozen])
    run(store.close())


def test_a_primary_that_was_given_up_stops_all_where_full_coverage_is_required(
    run: Runner, cluster: RedisCluster
) -> None:
    """With the server's default everybody is 503 soon; with the setting the others go on."""
    store = RedisSessions(open_client(run.colour, cluster.url))
    by_node = _fill(run, store, cluster)
    cluster.nodes[2].pause()
    try:
        _wait_for(lambda: not _is_found(run, store, by_node[0][0]))
        for number in (0, 1):
            cluster.ask(number, "CONFIG", "SET", "cluster-require-full-coverage", "no")
        _wait_for(lambda: _is_found(run, store, by_node[0][0]) and _is_found(run, store, by_node[1][0]))
        assert not _is_found(run, store, by_node[2][0])
    finally:
        cluster.nodes[2].resume()
        cluster.ask_all("CONFIG", "SET", "cluster-require-full-coverage", "yes")
    run(store.close())


def test_many_commands_at_once_for_a_frozen_primary_are_not_repeated(
    run: Runner, partial_cluster: RedisCluster
) -> None:
    """A listing, and ends applied again, cost about a second too, not one for each session."""
    store = RedisSessions(open_client(run.colour, partial_cluster.url))
    by_node = _fill(run, store, partial_cluster)
    made = [one for mine in by_node for one in mine]
    ended = [Revocation(0, session.session_id, "kicked_out", START) for session, _ in made]
    identity = made[0][0].subject.identity_id
    assert len(run(store.list_live(identity, START))) == len(made)
    partial_cluster.nodes[2].pause()
    for flow in (
        lambda: store.list_live(identity, START),
        lambda: store.apply_ends(ended, START),
        store.identify,
        store.ping,
    ):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            run(flow())
        assert time.monotonic() - began < _SOON
    partial_cluster.nodes[2].resume()
    _wait_until_found(run, store, by_node[2])
    run(store.close())


def test_who_waits_for_a_frozen_primary_keeps_nobody_from_the_others(
    run: Runner, partial_cluster: RedisCluster
) -> None:
    """More requests wait for it than there are connections to a server; the other nodes' sessions are found at once."""
    store = RedisSessions(open_client(run.colour, partial_cluster.url))
    by_node = _fill(run, store, partial_cluster)
    partial_cluster.nodes[2].pause()

    async def is_refused() -> bool:
        try:
            await store.find(by_node[2][0][1].token_hash)
        except StoreUnavailable:
            return True
        return False

    async def find_others(waiting: Sequence[Future[bool] | asyncio.Task[bool]]) -> int:
        found = 0
        while not all(one.done() for one in waiting):
            assert await store.find(by_node[0][0][1].token_hash) is not None
            found += 1
        return found

    async def find_under_loop() -> int:
        waiting = [asyncio.create_task(is_refused()) for _ in range(100)]
        found = await find_others(waiting)
        assert all(await asyncio.gather(*waiting))
        return found

    if run.colour == "async":
        found = run(find_under_loop())
    else:
        with ThreadPoolExecutor(100) as threads:
            asked = [threads.submit(drive, is_refused()) for _ in range(100)]
            found = drive(find_others(asked))
        assert all(one.result() for one in asked)
    assert found > 20
    run(store.close())


def test_a_slot_on_its_way_is_followed(run: Runner, cluster: RedisCluster) -> None:
    """A session is found, changed and listed while its slot moves (ASK) and after (MOVED)."""
    store = RedisSessions(open_client(run.colour, cluster.url))
    commands = Commands(open_client(run.colour, cluster.url))
    by_node = _fill(run, store, cluster)
    made = next(mine for mine in by_node if mine)[0]
    key = session_key(read_slot(made[1].token_hash))
    identity = made[0].subject.identity_id
    _use(run, store, commands, made, key)
    source = cluster.owner(key)
    for step in cluster.move(key, source, (source + 1) % 3):
        _use(run, store, commands, made, key)
        assert len(run(store.list_live(identity, START))) == 30, step
    assert cluster.owner(key) != source
    run(store.end(made[0].session_id, "signed_out", START))
    assert len(run(store.list_live(identity, START))) == 29
    run(store.close())
    run(commands.close())


def test_a_promoted_replica_is_followed(run: Runner) -> None:
    """A primary is killed and its replica takes over: within two seconds its sessions are found there."""
    cluster = RedisCluster()
    try:
        replica = cluster.add_replica(1)
        store = RedisSessions(open_client(run.colour, cluster.url))
        by_node = _fill(run, store, cluster)
        cluster.wait_for_copies(1)
        cluster.nodes[1].kill()
        assert not _is_found(run, store, by_node[1][0])
        cluster.promote(replica)
        _wait_until_found(run, store, [made for mine in by_node for made in mine])
        run(store.close())
    finally:
        cluster.remove()


def _use(run: Runner, store: RedisSessions, commands: Commands, made: Made, key: str) -> None:
    """Read and write by each way of asking."""
    assert _is_found(run, store, made)
    assert run(commands.run(TOUCH, key, 1)) == 1
    assert run(commands.read_hashes([key]))[0] != {}
    run(commands.run_each(TOUCH, [(key, 1)]))


def _wait_until_found(run: Runner, store: RedisSessions, made: list[Made]) -> None:
    until = time.monotonic() + 2.0
    while not all(_is_found(run, store, one) for one in made):
        assert time.monotonic() < until
        time.sleep(0.02)


def _wait_for(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + 15
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.05)
