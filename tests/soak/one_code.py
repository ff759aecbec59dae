"""One login_code and 1,000 concurrent presenters over 4 processes: one call to WeChat, one session."""

from __future__ import annotations

import asyncio
import secrets
import sys
from dataclasses import replace
from functools import partial

import wxsim
from menjin import NO_LIMITS, AiohttpHttp, App, AppId, Apps, AsyncMenjin, Parts, Secret, TaskPause, memory_stores
from menjin.errors import MenjinError
from support.broken_builds import EverybodyMay
from support.fleet import Fleet, Zygote, make_world, run_fleet, run_zygote
from support.load import Answer, Caller, UnansweredError, Verdict, run_soak
from support.servers import PostgresServer, RedisServer

PRESENTERS = 1000
EXCHANGE_SECONDS = 0.4  # how long WeChat takes: everybody is there before it answers


def slow() -> wxsim.Fault:
    """Return what keeps WeChat's answers back a little."""
    return wxsim.Fault(name="delay", path="/sns/*", seconds=EXCHANGE_SECONDS, times=None)


def exchanges(world: wxsim.World, code: str) -> int:
    """Return how often WeChat was asked about a code."""
    entries = [entry for entry in world.journal.entries if entry.path == "/sns/jscode2session"]
    return sum(code in str(entry.readable()) for entry in entries)


async def _present(fleet: Fleet, caller: Caller, code: str, keys: list[str]) -> list[Answer]:
    async def one(number: int) -> Answer:
        url = fleet.urls[number % len(fleet.urls)]
        try:
            return await caller.sign_in(url, code, keys[number])
        except UnansweredError as error:
            return Answer(0, {"code": str(error)})

    return await asyncio.gather(*(one(number) for number in range(len(keys))))


async def _judge(
    fleet: Fleet, caller: Caller, verdict: Verdict, name: str, keys: list[str], *, same_answer: bool
) -> None:
    """Let everybody present one code, each with a key or none; count calls, answers and sessions."""
    code = fleet.code(name)
    answers = await _present(fleet, caller, code, keys)
    tokens = {answer.body["session_token"] for answer in answers if answer.status == 201}
    sessions = {answer.body["session_id"] for answer in answers if answer.status == 201}
    for answer in answers:
        verdict.note(f"{name}: {answer.text}")
        verdict.demand(answer.status in {201, 409, 503}, f"{name}: {answer.text}")
    upstream = exchanges(fleet.world, code)
    verdict.demand(upstream == 1, f"{name}: WeChat was asked {upstream} times")
    verdict.demand(len(sessions) == len(tokens) == 1, f"{name}: {len(sessions)} sessions, {len(tokens)} tokens")
    if not same_answer:
        granted = sum(answer.status == 201 for answer in answers)
        verdict.demand(granted == 1, f"{name}: {granted} answers hold a token")
    for token in tokens:
        answer = await caller.call("GET", f"{fleet.urls[-1]}/v1/sessions", token=token)
        verdict.demand(len(answer.body.get("sessions", ())) == 1, f"{name}: the person's sessions: {answer.text}")


async def prove(
    zygote: Zygote, *, presenters: int, processes: int = 4, database: str = "", redis: str = "", rounds: int = 1
) -> Verdict:
    """Present one code without keys, with one key, and with a key each."""
    verdict = Verdict(f"one-code on {'Redis and SQL' if redis else 'SQL'}")
    with run_fleet(zygote, processes, database=database, redis=redis) as fleet:
        fleet.world.fault(slow())
        async with Caller() as caller:
            for number in range(rounds):
                same = secrets.token_urlsafe(24)
                own = [secrets.token_urlsafe(24) for _ in range(presenters)]
                judge = partial(_judge, fleet, caller, verdict)
                await judge(f"no-key-{number}", [""] * presenters, same_answer=False)
                await judge(f"one-key-{number}", [same] * presenters, same_answer=True)
                await judge(f"own-keys-{number}", own, same_answer=False)
    return verdict


async def count_exchanges(presenters: int, *, broken: bool) -> int:
    """Return how often WeChat is asked by presenters at a library each; with `broken`, every claim is granted."""
    with wxsim.serve(make_world()) as wechat:
        wechat.world.fault(slow())
        stores, http = memory_stores(), AiohttpHttp()
        parts = Parts(
            apps=Apps([App(AppId(wxsim.FIRST_APPID), Secret(wxsim.FIRST_SECRET))]),
            http=http,
            stores=replace(stores, claims=EverybodyMay(stores.claims)) if broken else stores,
            pause=TaskPause(),
            figures=NO_LIMITS,
            base_url=wechat.url,
        )
        code = wechat.world.phone("ming").login()["code"]

        async def present() -> None:
            try:
                await AsyncMenjin(parts).sign_in(wxsim.FIRST_APPID, code)
            except MenjinError:
                return

        try:
            await asyncio.gather(*(present() for _ in range(presenters)))
        finally:
            await http.close()
        return exchanges(wechat.world, code)


def main() -> int:
    """Run it whole, on SQLite, and on Redis and PostgreSQL."""
    redis, postgres = RedisServer(), PostgresServer()
    try:
        with run_zygote() as zygote:
            whole = partial(prove, zygote, presenters=PRESENTERS, rounds=3)
            return run_soak(whole, partial(whole, database=postgres.fresh_database(), redis=redis.url))
    finally:
        redis.remove()
        postgres.remove()


if __name__ == "__main__":
    sys.exit(main())
