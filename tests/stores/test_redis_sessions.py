"""The session store on a real Redis, in both colours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import redis as redis_py
import redis.asyncio as redis_asyncio

from menjin.adapters.redis.records import MARKER, index_key
from menjin.adapters.redis.sessions import RedisSessions
from menjin.clock import SystemRandomness
from menjin.sessions.model import BoundAccount, Device, FoundSession
from menjin.sessions.token import make_token
from menjin.values import AccountId, SessionId
from support.clock import START
from support.redis_rig import Runner, make_session, open_client
from support.servers import RedisServer

pytestmark = pytest.mark.servers


def test_a_session_is_found_as_it_was_kept(run: Runner, store: RedisSessions) -> None:
    """Every field comes back, with and without device, unionid and account; another token finds nothing."""
    bound, token = make_session(device=Device("d" * 32, "小明的手机"))
    bare, other = make_session("hong")
    bare = replace(bare, subject=replace(bare.subject, account=None, unionid=None))
    run(store.add(bound, token.token_hash))
    run(store.add(bare, other.token_hash))
    assert run(store.find(token.token_hash)) == FoundSession(bound)
    assert run(store.find(other.token_hash)) == FoundSession(bare)
    assert run(store.find(make_token(SystemRandomness()).token_hash[::-1])) is None
    same_slot = token.token_hash[:32] + other.token_hash[32:]
    assert run(store.find(same_slot)) is None


def test_touch_never_goes_back(run: Runner, store: RedisSessions) -> None:
    """last_seen_at moves forward only; an unknown session is not made by it."""
    session, token = make_session()
    run(store.add(session, token.token_hash))
    run(store.touch(session.session_id, START + timedelta(hours=2)))
    run(store.touch(session.session_id, START + timedelta(hours=1)))
    run(store.touch(SessionId("ses_" + "0" * 26), START))
    found = run(store.find(token.token_hash))
    assert found is not None
    assert found.session.last_seen_at == START + timedelta(hours=2)


def test_rotation_is_done_by_one_and_may_be_repeated(run: Runner, store: RedisSessions) -> None:
    """The first rotation of a token wins, a second by somebody else changes nothing, the same one again is done."""
    session, token = make_session()
    run(store.add(session, token.token_hash))
    randomness = SystemRandomness()
    new, late = make_token(randomness, token.token), make_token(randomness, token.token)
    account = BoundAccount(AccountId("acc_" + "1" * 26), "ming")
    now = START + timedelta(minutes=1)
    assert run(store.rotate(session.session_id, token.token_hash, new.token_hash, account, now))
    assert not run(store.rotate(session.session_id, token.token_hash, late.token_hash, None, now))
    assert run(store.rotate(session.session_id, token.token_hash, new.token_hash, account, now))
    current, former = run(store.find(new.token_hash)), run(store.find(token.token_hash))
    assert current is not None
    assert current.rotated_at is None
    assert current.session.subject.account == account
    assert current.session.last_seen_at == now
    assert former == FoundSession(current.session, now)
    assert run(store.find(late.token_hash)) is None


def test_the_first_end_stays_and_ends_rotation(run: Runner, store: RedisSessions) -> None:
    """An ended session says how it first ended, is not listed and does not rotate."""
    session, token = make_session()
    run(store.add(session, token.token_hash))
    run(store.end(session.session_id, "kicked_out", START))
    run(store.end(session.session_id, "signed_out", START))
    run(store.end(SessionId("ses_" + "0" * 26), "signed_out", START))
    found = run(store.find(token.token_hash))
    assert found is not None
    assert found.session.ended == "kicked_out"
    new = make_token(SystemRandomness(), token.token)
    assert not run(store.rotate(session.session_id, token.token_hash, new.token_hash, None, START))
    assert run(store.list_live(session.subject.identity_id, START)) == ()


def test_another_process_ends_by_id_alone(run: Runner, store: RedisSessions, redis: RedisServer) -> None:
    """A store that never saw the session finds it by its id."""
    session, token = make_session()
    run(store.add(session, token.token_hash))
    client = redis_py.Redis.from_url(redis.url) if run.colour == "sync" else redis_asyncio.Redis.from_url(redis.url)
    other = RedisSessions(client)
    run(other.end(session.session_id, "signed_out", START))
    run(other.confirm(session.session_id, START + timedelta(hours=1)))
    run(other.close())
    found = run(store.find(token.token_hash))
    assert found is not None
    assert found.session.ended == "signed_out"
    assert found.session.authenticated_at == START + timedelta(hours=1)


def test_listing_shows_the_living_newest_first_and_prunes(
    run: Runner, store: RedisSessions, redis: RedisServer
) -> None:
    """Expired and ended ones are not listed; entries of ended and vanished ones leave the index, young ones stay."""
    old, old_token = make_session(days=8)
    first, first_token = make_session(hours=2)
    second, second_token = make_session(hours=1)
    ended, ended_token = make_session()
    other, other_token = make_session("hong")
    for session, token in (
        (old, old_token),
        (second, second_token),
        (first, first_token),
        (ended, ended_token),
        (other, other_token),
    ):
        run(store.add(session, token.token_hash))
    run(store.end(ended.session_id, "signed_out", START))
    index = index_key(first.subject.identity_id)
    micros = int(START.timestamp() * 1_000_000)
    with redis_py.Redis.from_url(redis.url) as client:
        client.hset(index, mapping={"ses_gone": f"{'0' * 32}:1", "ses_being_added": f"{'1' * 32}:{micros}"})
        assert run(store.list_live(first.subject.identity_id, START)) == (second, first)
        left = {name.decode() for name in client.hkeys(index)}
    assert left == {first.session_id, second.session_id, old.session_id, "ses_being_added"}


def test_everything_expires_by_itself(run: Runner, store: RedisSessions, redis: RedisServer) -> None:
    """Keys live until a day after the absolute end; an ended session's for seven days; purge has nothing to do."""
    session, token = make_session()
    run(store.add(session, token.token_hash))
    day = 86_400_000
    with redis_py.Redis.from_url(redis.url) as client:
        keys = client.keys("mj:*{*")
        assert len(keys) == 3
        assert all(31 * day - 60_000 < client.pttl(key) <= 31 * day for key in keys)
        run(store.end(session.session_id, "signed_out", START))
        assert sorted(client.pttl(key) <= 7 * day for key in keys) == [False, False, True]
    assert run(store.purge(START + timedelta(days=99), 10)) == 0


def test_decoded_responses_and_resp2_and_resp3_are_all_the_same(run: Runner, redis: RedisServer) -> None:
    """However the client was made, the store reads the same."""
    kinds: list[dict[str, object]] = [
        {"decode_responses": decoded, "protocol": version} for decoded in (True, False) for version in (2, 3)
    ]
    for kind in kinds:
        module = redis_py if run.colour == "sync" else redis_asyncio
        sessions = RedisSessions(module.Redis.from_url(redis.url, **kind))
        session, token = make_session("wei")
        run(sessions.add(session, token.token_hash))
        assert run(sessions.find(token.token_hash)) == FoundSession(session)
        assert session in run(sessions.list_live(session.subject.identity_id, START))
        assert run(sessions.identify()).count(":") == 1
        run(sessions.close())


def test_an_emptied_redis_is_told_once(
    run: Runner, store: RedisSessions, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """An unknown token in an emptied Redis raises one alert in the log; with the marker there, none."""
    run(store.prepare())
    session, token = make_session()
    run(store.add(session, token.token_hash))
    caplog.clear()
    assert run(store.find(token.token_hash[:32] + "0" * 64)) is None
    assert run(store.find("0" * 96)) is None
    assert "emptied" not in caplog.text
    redis.flush()
    assert run(store.find(token.token_hash)) is None
    assert run(store.find(token.token_hash)) is None
    assert caplog.text.count("emptied") == 1
    with redis_py.Redis.from_url(redis.url) as client:
        assert client.exists(MARKER)


def test_a_redis_without_a_disk_is_warned_of(run: Runner, caplog: pytest.LogCaptureFixture) -> None:
    """Start-up names what would be lost, says nothing where CONFIG is not allowed, and nothing if all is well."""
    for options, expected in (
        ((), "keeps nothing on disk"),
        (("--save", "60 1"), "snapshots only"),
        (("--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"), "evicts keys"),
        (("--appendonly", "yes"), None),
        (("--rename-command", "CONFIG", "''"), None),
    ):
        server = RedisServer(*options)
        try:
            sessions = RedisSessions(open_client(run.colour, server.url))
            caplog.clear()
            run(sessions.prepare())
            said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
            warnings = [text for text in said if "holds nothing" not in text]
            assert [expected in warning for warning in warnings if expected] == ([True] if expected else [])
            assert expected or not warnings
            run(sessions.close())
        finally:
            server.remove()
