"""What every store of attempts, used ciphertexts and key checks promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from menjin import AesGcmVault, Secret, new_vault_key, open_engine
from menjin.adapters.sqlalchemy.attempts import SqlAttempts
from menjin.adapters.sqlalchemy.key_checks import select_due
from menjin.adapters.sqlalchemy.tables import KEY_ATTEMPTS, KEYRINGS
from menjin.clock import to_micros
from menjin.session_keys.attempts import (
    FAILURES_AT_MOST,
    IN_FLIGHT_AT_MOST,
    RESET_EVERY,
    CountedKey,
    StillInFlightError,
    Use,
    mac_key,
)
from menjin.session_keys.flow import SessionKeys
from menjin.session_keys.model import HeldKey, Keyring
from menjin.values import AppId, OpenId, SessionId
from support.benches import Bench
from support.clock import START, FakeClock

APPID, OPENID = AppId("wx0123456789abcdef"), OpenId("oAbC_0123456789abcdefg")
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
KEY, DIGEST = "a" * 64, "d" * 64
CLAIM = Use(SessionId("ses_1"), "phone", START, None, is_pending=True)
OTHER = Use(SessionId("ses_2"), "phone", START, None, is_pending=True)


def begin(bench: Bench, now: datetime = START, key_mac: str = KEY) -> int:
    """Count an attempt."""
    return bench.run(bench.stores.attempts.begin(APPID, OPENID, key_mac, now))


def reset(bench: Bench, now: datetime = START) -> bool:
    """Ask for a spent key's replacement."""
    return bench.run(bench.stores.attempts.begin_reset(APPID, OPENID, KEY, now, now - RESET_EVERY))


def fail(bench: Bench, times: int) -> None:
    """Try and fail."""
    for _ in range(times):
        assert begin(bench)
        bench.run(bench.stores.attempts.note_failure(APPID, OPENID, KEY))


def test_attempts_at_once_are_all_counted(bench: Bench) -> None:
    """Of twenty attempts with a key at the same time, five may go on; another key, if only by case, has its own."""
    attempts = bench.stores.attempts
    results = bench.at_once([partial(attempts.begin, APPID, OPENID, KEY, START)] * 20)
    granted = sorted(result for result in results if isinstance(result, int))
    assert granted == list(range(1, FAILURES_AT_MOST + 1))
    assert sum(isinstance(result, StillInFlightError) for result in results) == 15
    assert begin(bench, key_mac="A" * 64) == 1
    bench.run(attempts.refund(APPID, OPENID, KEY))
    assert begin(bench) == FAILURES_AT_MOST


def test_attempts_that_succeed_leave_nothing_and_refuse_nobody(bench: Bench) -> None:
    """However many begin and are refunded at once, four at a time are always granted, and none is kept."""
    attempts = bench.stores.attempts

    async def succeed() -> int:
        granted = await attempts.begin(APPID, OPENID, "a" * 64, START)
        await attempts.refund(APPID, OPENID, "a" * 64)
        return granted

    results = bench.at_once([succeed] * 60, FAILURES_AT_MOST - 1)
    assert {result for result in results if not isinstance(result, int) or not result} == set()
    assert bench.run(attempts.list_untouched(START + HOUR, 9)) == []


class TwoSteps(SqlAttempts):
    """Counts in a second transaction what it made sure of in the first."""

    async def begin(self, appid: AppId, openid: OpenId, key_mac: str, now: datetime) -> int:
        """Count one attempt."""
        key = {"appid": appid, "openid": openid, "key_mac": key_mac}
        async with self._database.transaction() as work:
            await work.add_or_keep(KEY_ATTEMPTS, {**key, "attempts": 0, "in_flight": 0, "begun_at": to_micros(now)})
        more = sa.update(KEY_ATTEMPTS).where(KEY_ATTEMPTS.c.attempts < FAILURES_AT_MOST)
        async with self._database.transaction() as work:
            return (await work.run(more.values(attempts=KEY_ATTEMPTS.c.attempts + 1))).rowcount


@pytest.mark.kinds("postgres-async", "mariadb-async")
def test_attempts_counted_in_two_steps_are_refused_at_times(sql_bench: Bench) -> None:
    """The control: between the two steps a refund takes the row away, and the key seems spent."""
    assert sql_bench.database is not None
    attempts = TwoSteps(sql_bench.database, AesGcmVault("k1", {"k1": new_vault_key()}))

    async def succeed() -> int:
        granted = await attempts.begin(APPID, OPENID, "a" * 64, START)
        await attempts.refund(APPID, OPENID, "a" * 64)
        return granted

    assert 0 in sql_bench.at_once([succeed] * 400, FAILURES_AT_MOST - 1)


def test_counts_are_found_by_age_kept_and_forgotten(bench: Bench) -> None:
    """The oldest first; one that was touched since is not forgotten, one that is kept is young again."""
    attempts = bench.stores.attempts
    keys = [CountedKey(APPID, OPENID, letter * 64) for letter in "abc"]
    for hours, key in enumerate(keys):
        bench.run(attempts.begin(*key, START + hours * HOUR))
    assert bench.run(attempts.list_untouched(START + 2 * HOUR, 9)) == keys[:2]
    assert bench.run(attempts.list_untouched(START + 9 * HOUR, 1)) == keys[:1]
    bench.run(attempts.begin(*keys[0], START + 3 * HOUR))
    bench.run(attempts.forget(keys[0], START + 2 * HOUR))
    bench.run(attempts.keep(keys[1], START + 4 * HOUR))
    bench.run(attempts.forget(keys[2], START + 3 * HOUR))
    assert bench.run(attempts.list_untouched(START + 9 * HOUR, 9)) == keys[:2]
    assert bench.run(attempts.begin(*keys[0], START)) == 3
    bench.run(attempts.keep(keys[2], START))
    assert bench.run(attempts.begin(*keys[2], START)) == 1


def test_only_keys_that_left_the_ring_long_ago_get_a_new_budget(bench: Bench) -> None:
    """A spent key stays spent for as long as WeChat may hand it out again: while it is held, or none is held.

    Control: the former key, a month after its last failure, is forgotten by the same purge.
    """
    clock = FakeClock()
    keys = SessionKeys(bench.stores.keyrings, bench.stores.attempts, clock)
    stranger = OpenId("oStranger_0123456789ab")
    key = {name: Secret(name * 24) for name in "abcx"}

    def is_spent(openid: OpenId, name: str) -> bool:
        mac = mac_key(key[name])
        if not bench.run(bench.stores.attempts.begin(APPID, openid, mac, clock.now())):
            return True
        bench.run(bench.stores.attempts.note_failure(APPID, openid, mac))
        return False

    for openid, names in ((OPENID, "abc"), (stranger, "x")):
        for name in names:
            if openid == OPENID:
                clock.advance(hours=1)
                bench.run(keys.take_in(APPID, openid, key[name], clock.now()))
            while not is_spent(openid, name):
                pass
    clock.advance(days=29)
    while bench.run(keys.purge()):
        pass
    assert [is_spent(OPENID, name) for name in "abc"] + [is_spent(stranger, "x")] == [True] * 4
    clock.advance(days=2)
    while bench.run(keys.purge()):
        pass
    assert [is_spent(OPENID, name) for name in "abc"] + [is_spent(stranger, "x")] == [False, True, True, True]


def test_a_key_is_spent_by_failures_only(bench: Bench) -> None:
    """With four failures and one in flight it is not spent, nor to be replaced; with five failures it is both."""
    fail(bench, 4)
    assert begin(bench) == 5
    with pytest.raises(StillInFlightError):
        begin(bench)
    assert not reset(bench)
    bench.run(bench.stores.attempts.refund(APPID, OPENID, KEY))
    fail(bench, 1)
    assert begin(bench) == 0
    assert reset(bench)
    assert not reset(bench, START + RESET_EVERY / 2)
    assert reset(bench, START + RESET_EVERY)


def test_who_dies_with_an_attempt_has_failed(bench: Bench) -> None:
    """An attempt that nobody settles counts as failed after a while; it is never given back by itself."""
    fail(bench, 3)
    assert begin(bench) == 4
    late = START + IN_FLIGHT_AT_MOST
    assert begin(bench, late) == 5
    bench.run(bench.stores.attempts.note_failure(APPID, OPENID, KEY))
    assert begin(bench, late) == 0
    assert reset(bench, late)


def test_five_dead_attempts_spend_a_key(bench: Bench) -> None:
    """Not before they are taken for dead, and then for good."""
    assert [begin(bench) for _ in range(5)] == [1, 2, 3, 4, 5]
    with pytest.raises(StillInFlightError):
        begin(bench, START + IN_FLIGHT_AT_MOST - MOMENT)
    assert not reset(bench, START + IN_FLIGHT_AT_MOST - MOMENT)
    assert begin(bench, START + IN_FLIGHT_AT_MOST) == 0
    assert reset(bench, START + IN_FLIGHT_AT_MOST)


def test_of_many_claims_at_once_one_is_granted(bench: Bench) -> None:
    """Whoever claims a ciphertext first has it; what was kept is the first one's claim."""
    claims = [replace(CLAIM, session_id=SessionId(f"ses_{number}")) for number in range(20)]
    claim = partial(bench.stores.attempts.claim_use, APPID, OPENID, DIGEST)
    results = bench.at_once([partial(claim, use, None) for use in claims])
    assert sorted(map(bool, results)) == [False] * 19 + [True]
    assert not any(isinstance(result, BaseException) for result in results)
    assert bench.run(bench.stores.attempts.find_use(APPID, OPENID, DIGEST)) == claims[results.index(True)]


def test_the_answer_of_a_ciphertext_stays(bench: Bench) -> None:
    """It comes back as it was kept, whoever claims, answers or releases after it, until it is purged."""
    attempts = bench.stores.attempts
    assert bench.run(attempts.claim_use(APPID, OPENID, DIGEST, CLAIM, None))
    first = replace(CLAIM, payload={"phoneNumber": "+86 13800000000", "name": "明 🎫"}, is_pending=False)
    assert bench.run(attempts.answer_use(APPID, OPENID, DIGEST, first))
    later = replace(OTHER, used_at=START + HOUR)
    assert not bench.run(attempts.claim_use(APPID, OPENID, DIGEST, later, None))
    assert not bench.run(attempts.claim_use(APPID, OPENID, DIGEST, later, CLAIM))
    for use in (CLAIM, later, replace(first, payload=None)):
        assert not bench.run(attempts.answer_use(APPID, OPENID, DIGEST, replace(use, is_pending=False)))
        bench.run(attempts.release_use(APPID, OPENID, DIGEST, use))
    assert bench.run(attempts.find_use(APPID, OPENID, DIGEST)) == first
    assert bench.run(attempts.find_use(APPID, OPENID, "D" * 64)) is None
    assert bench.run(attempts.purge_uses(START)) == 0
    assert bench.run(attempts.purge_uses(START + HOUR)) == 1


def test_a_claim_released_is_anybodys(bench: Bench) -> None:
    """What was not tried was not used; another's claim is not released."""
    attempts = bench.stores.attempts
    assert bench.run(attempts.claim_use(APPID, OPENID, DIGEST, CLAIM, None))
    bench.run(attempts.release_use(APPID, OPENID, DIGEST, OTHER))
    assert not bench.run(attempts.claim_use(APPID, OPENID, DIGEST, OTHER, None))
    bench.run(attempts.release_use(APPID, OPENID, DIGEST, CLAIM))
    assert bench.run(attempts.claim_use(APPID, OPENID, DIGEST, OTHER, None))


def test_a_dead_ones_claim_is_taken_over_once(bench: Bench) -> None:
    """Of many who take it over one succeeds; whoever was taken for dead can answer nothing any more."""
    attempts = bench.stores.attempts
    assert bench.run(attempts.claim_use(APPID, OPENID, DIGEST, CLAIM, None))
    new = replace(CLAIM, used_at=START + IN_FLIGHT_AT_MOST)
    claim = partial(attempts.claim_use, APPID, OPENID, DIGEST)
    others = [replace(new, used_at=new.used_at + number * MOMENT) for number in range(8)]
    results = bench.at_once([partial(claim, use, CLAIM) for use in others])
    assert sorted(map(bool, results)) == [False] * 7 + [True]
    winner = others[results.index(True)]
    assert not bench.run(attempts.answer_use(APPID, OPENID, DIGEST, replace(CLAIM, is_pending=False)))
    assert bench.run(attempts.answer_use(APPID, OPENID, DIGEST, replace(winner, is_pending=False)))


def add_people(bench: Bench, names: Sequence[int], began_at: datetime = START) -> list[OpenId]:
    """Let keys come; return whose."""
    people = [OpenId(f"oPerson_{name:04}_0123456789") for name in names]
    for openid in people:
        ring = Keyring(HeldKey(Secret("key"), began_at))
        bench.run(bench.stores.keyrings.change(APPID, openid, lambda _, ring=ring: ring))  # type: ignore[misc]  # bound in the loop
    return people


def test_key_checks_at_once_claim_each_person_once(bench: Bench) -> None:
    """Ten processes that look for people to ask about share them out; after the interval they are due again."""
    people = add_people(bench, range(12))
    claim = partial(bench.stores.key_checks.claim_due, APPID)
    assert bench.run(claim(START - HOUR, START, 20)) == ()
    results = bench.at_once([partial(claim, START, START + HOUR, 20)] * 10)
    assert [result for result in results if isinstance(result, BaseException)] == []
    assert sorted(openid for result in results if not isinstance(result, BaseException) for openid in result) == people
    assert bench.run(claim(START, START + HOUR, 20)) == ()
    assert len(bench.run(claim(START + HOUR, START + 2 * HOUR, 5))) == 5
    assert len(bench.run(claim(START + HOUR, START + 2 * HOUR, 20))) == 7


def test_whoever_rests_is_due_again_after_the_next_login(bench: Bench) -> None:
    """Not claimed while there is no session; a login that came since the claim is not overlooked."""
    checks = bench.stores.key_checks
    resting, late = add_people(bench, range(2))
    assert set(bench.run(checks.claim_due(APPID, START, START + HOUR, 20))) == {resting, late}
    add_people(bench, [1], START + timedelta(minutes=59))  # its exchange began before the claim
    for openid in (resting, late):
        bench.run(checks.rest(APPID, openid, START + HOUR))
    assert bench.run(checks.claim_due(APPID, START + 9 * HOUR, START + 10 * HOUR, 20)) == (late,)
    add_people(bench, [0], START + 11 * HOUR)
    assert bench.run(checks.claim_due(APPID, START + 10 * HOUR, START + 12 * HOUR, 20)) == (late,)
    assert bench.run(checks.claim_due(APPID, START + 11 * HOUR, START + 12 * HOUR, 20)) == (resting,)


def test_a_refusal_counts_twice_in_a_row_only(bench: Bench) -> None:
    """Of the same key, with no good answer in between."""
    checks = bench.stores.key_checks
    (openid,) = add_people(bench, [0])
    a, b = "a" * 64, "b" * 64
    assert [bench.run(checks.note_refused(APPID, openid, mac)) for mac in (a, b, a, a)] == [False, False, False, True]
    bench.run(checks.note_good(APPID, openid))
    assert not bench.run(checks.note_refused(APPID, openid, a))


@pytest.mark.kinds("sqlite-sync", "postgres-sync", "mariadb-sync")
def test_looking_for_who_is_due_reads_no_others(sql_bench: Bench) -> None:
    """By the index, on every database: on SQLite it is done on the event loop."""
    assert sql_bench.url is not None
    engine = open_engine(sql_bench.url, pool_size=1)
    row = {"appid": APPID, "current_sealed": "k1.x", "current_began_at": 1, "checked_at": to_micros(START)}
    with engine.begin() as connection:
        rows = [{**row, "openid": f"oPerson_{number:06}_0123456789"} for number in range(20_000)]
        connection.execute(sa.insert(KEYRINGS), rows)
        connection.exec_driver_sql("ANALYZE TABLE keyrings" if connection.dialect.name == "mysql" else "ANALYZE")
        query = select_due(APPID, START - HOUR, 50).compile(connection, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        plan = str(connection.exec_driver_sql(f"{explain} {query}").all())
    engine.dispose()
    assert "ix_keyrings_checked_at" in plan
    assert "SCAN" not in plan
    assert "Seq Scan" not in plan
