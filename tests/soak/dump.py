"""A dump of Redis and SQL with 10,000 live sessions: no token in it, no secret, and sealed values that stay put."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import redis as redis_py
import sqlalchemy as sa

import wxsim
from menjin import (
    NO_LIMITS,
    AesGcmVault,
    App,
    AppId,
    Apps,
    AsyncMenjin,
    Database,
    Device,
    FunctionHttp,
    Parts,
    Secret,
    TaskPause,
    new_vault_key,
    open_async_engine,
    open_engine,
    redis_stores,
    sql_stores,
)
from menjin.adapters.redis.clients import open_async_redis
from menjin.adapters.sqlalchemy.attempts import place_of_use
from menjin.adapters.sqlalchemy.keyrings import place_of_key
from menjin.adapters.sqlalchemy.tables import CIPHERTEXT_USES, CLAIMS, KEYRINGS, METADATA, SESSIONS
from menjin.errors import (
    LoginCodeInvalid,
    LoginCodeUsed,
    MenjinError,
    SessionInvalid,
    StaleSessionKey,
    StoreUnavailable,
)
from support.doors import answer_from
from support.dumps import Dump, dump_redis, dump_sql
from support.fleet import APPID, make_world, phone_of
from support.load import Verdict, gather_bounded, run_soak
from support.servers import PostgresServer, RedisServer

SESSIONS_WANTED = 10_000
PAIRS_OF = 300
_TRIES = 100
AT_ONCE = 16
SEALED = ((KEYRINGS, "current_sealed"), (KEYRINGS, "previous_sealed"), (CIPHERTEXT_USES, "payload_sealed"))


@dataclass
class House:
    """A library on stores that a thief gets hold of, and everything that is secret in it.

    Attributes:
        tokens: Live ones.
        replays: login_code and Idempotency-Key of sign-ins whose answer is kept.
        tapped: What a tap gave each person, opened once.
    """

    menjin: AsyncMenjin
    engine: sa.Engine
    redis: redis_py.Redis | None
    world: wxsim.World
    vault: AesGcmVault
    parts: Parts
    secrets: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    replays: list[tuple[str, str]] = field(default_factory=list)
    tapped: dict[str, dict[str, Any]] = field(default_factory=dict)

    def note_key(self, person: str) -> None:
        """Add the person's session_key to what must not be found."""
        key = self.world.session_keys.keys[f"{APPID}/{person}"].value
        self.secrets[f"session_key {key[:6]} of {person}"] = key

    async def move_in(self, number: int) -> None:
        """Have a person log in twice, open a phone number, rotate, fail: whatever leaves traces."""
        person = f"p{number}"
        self.world.change_person(person, phone=phone_of(person))
        self.secrets[f"phone of {person}"] = phone_of(person)
        phone = self.world.phone(person)
        token = ""
        for _ in range(1 + number % 2):
            code, key = phone.login()["code"], secrets.token_urlsafe(24) if number % 3 == 0 else None
            signed_in = await self.menjin.sign_in(
                APPID, code, Device(f"device-{number:012d}", person), idempotency_key=key
            )
            token = signed_in.session_token.reveal()
            self.tokens[f"{person} {code[:6]}"] = token
            self.secrets[f"login_code of {person}"] = code
            self.note_key(person)
            if key is not None:
                self.replays.append((code, key))
                self.secrets[f"Idempotency-Key of {person}"] = key
        if number % 2:
            self.tapped[token] = tapped = phone.getPhoneNumber(tap=True)
            await self.menjin.open_phone(token, tapped["encryptedData"], tapped["iv"])
        if number % 10 == 4:
            with contextlib.suppress(StaleSessionKey):
                await self.menjin.open_phone(token, "A" * 43 + "=", "A" * 22 + "==")
        if number % 10 == 6:
            self.tokens[f"{person} {code[:6]}"] = (await self.menjin.rotate(token)).session_token.reveal()
            self.secrets[f"rotated token of {person}"] = token

    def dump(self) -> Dump:
        """Return everything in the stores."""
        dump = dump_sql(self.engine)
        if self.redis is not None:
            dump.values += dump_redis(self.redis).values
        return dump


@contextlib.asynccontextmanager
async def open_house(redis_url: str, database_url: str) -> AsyncIterator[House]:
    """Open a library on the stores; SQLite where no database is named."""
    world = make_world(session_key_policy="always")
    key = new_vault_key()
    vault = AesGcmVault("k1", {"k1": key})
    with tempfile.TemporaryDirectory() as folder:
        url = database_url or f"sqlite:///{Path(folder) / 'menjin.db'}"
        database = Database(open_async_engine(url))
        stores = (
            redis_stores(open_async_redis(redis_url), database, vault) if redis_url else sql_stores(database, vault)
        )
        apps = Apps([App(AppId(APPID), Secret(wxsim.FIRST_SECRET))])
        parts = Parts(
            apps=apps, http=FunctionHttp(answer_from(world)), stores=stores, pause=TaskPause(), figures=NO_LIMITS
        )
        engine, client = open_engine(url), redis_py.Redis.from_url(redis_url) if redis_url else None
        try:
            async with AsyncMenjin(parts) as menjin:
                house = House(menjin, engine, client, world, vault, parts)
                house.secrets |= {"app_secret": wxsim.FIRST_SECRET, "vault key": key.reveal()}
                yield house
        finally:
            engine.dispose()
            if client is not None:
                client.close()


async def count_accepted(house: House, verdict: Verdict, candidates: list[str]) -> int:
    """Return how many of the strings are accepted as a session_token."""

    async def accepted(text: str) -> int:
        verdict.note("strings tried as a token")
        for _ in range(_TRIES):
            try:
                await house.menjin.authenticate(text)
            except SessionInvalid:
                return 0
            except StoreUnavailable:  # this process had other things to do than to follow the log of ends
                await asyncio.sleep(0.2)
            else:
                return 1
        raise StoreUnavailable

    return sum(await gather_bounded([partial(accepted, text) for text in candidates], AT_ONCE))


def swap_in_memory(house: House, verdict: Verdict, most: int) -> None:
    """Try to open each of so many sealed values at the place of every other, and at its own (the control)."""
    sealed: list[tuple[str, str]] = []
    with house.engine.connect() as connection:
        for table, column in SEALED:
            for row in connection.execute(sa.select(table).where(table.c[column].is_not(None)).limit(most // 3)):
                slot = column.partition("_")[0]
                place = place_of_use(row) if table is CIPHERTEXT_USES else place_of_key(row, slot)
                sealed.append((getattr(row, column), place))
    for (number, (value, _)), (other, (_, place)) in product(enumerate(sealed), repeat=2):
        try:
            house.vault.open(value, place)
        except ValueError:
            opened = False
        else:
            opened = True
        verdict.note("opened in place" if number == other else "swaps tried")
        verdict.demand(opened == (number == other), f"a sealed value {'does not open' if not opened else 'opens'}")


def swap_in_database(house: House) -> None:
    """Give every sealed value, claims' answers among them, the place of another."""
    with house.engine.begin() as connection:
        for table, column in (*SEALED, (CLAIMS, "sealed")):
            keys = list(table.primary_key.columns)
            rows = connection.execute(sa.select(*keys, table.c[column]).where(table.c[column].is_not(None))).all()
            for row, donor in zip(rows, [*rows[1:], *rows[:1]], strict=True):
                mine = [column_ == row[place] for place, column_ in enumerate(keys)]
                connection.execute(sa.update(table).where(*mine).values({column: donor[-1]}))


async def open_everything(house: House, verdict: Verdict) -> int:
    """Return how many kept phone numbers, keys and answers can be read through the library."""
    opened = 0
    for code, key in house.replays:
        with contextlib.suppress(LoginCodeUsed, LoginCodeInvalid):  # long ago by now
            await house.menjin.sign_in(APPID, code, idempotency_key=key)
            opened += 1
    for token, tapped in house.tapped.items():
        with contextlib.suppress(MenjinError):
            await house.menjin.open_phone(token, tapped["encryptedData"], tapped["iv"])
            opened += 1
        verdict.note("taps opened once more")
    with house.engine.connect() as connection:
        people = connection.execute(sa.select(KEYRINGS.c.appid, KEYRINGS.c.openid)).all()
    for appid, openid in people:
        opened += await house.parts.stores.keyrings.find(appid, openid) is not None
    return opened


def plant(house: House, token: str, secret: str) -> None:
    """CONTROL: leave a token and a secret in the stores, as a careless build would."""
    with house.engine.begin() as connection:
        row = connection.execute(sa.select(SESSIONS).limit(1)).first() if house.redis is None else None
        if row is not None:
            mine = SESSIONS.c.session_id == row.session_id
            connection.execute(sa.update(SESSIONS).where(mine).values(device_label=token, external_id=f"x{secret}x"))
    if house.redis is not None:
        house.redis.hset("careless", "token", f'{{"token":"{token}"}}')
        house.redis.set("careless2", f"x{secret}x")


async def prove(*, sessions: int, redis: RedisServer | None, database: str = "", pairs_of: int = PAIRS_OF) -> Verdict:
    """Fill the stores, dump them, and try everything; then once more with something planted."""
    verdict = Verdict("dump")
    rng = random.Random(2026)  # noqa: S311 - a seed, so that a run can be repeated; nothing secret
    async with open_house(redis.url if redis else "", database) as house:
        number = 0
        while len(house.tokens) < sessions:
            await house.move_in(number)
            verdict.note("people")
            number += 1
        dump = await asyncio.to_thread(house.dump)
        everything = {**house.secrets, **{f"token {name}": token for name, token in house.tokens.items()}}
        found = await asyncio.to_thread(dump.find, everything)
        verdict.demand(not found, f"readable in the dump: {found[:5]}")
        verdict.demand(await count_accepted(house, verdict, sorted(dump.candidates())) == 0, "a string is accepted")
        await asyncio.to_thread(swap_in_memory, house, verdict, pairs_of)
        readable = await open_everything(house, verdict)
        verdict.demand(readable > sessions / 2, f"only {readable} values are readable where they belong")
        await asyncio.to_thread(swap_in_database, house)
        swapped = await open_everything(house, verdict)
        verdict.demand(swapped == 0, f"{swapped} values are readable where they do not belong")
        token, secret = rng.choice(sorted(house.tokens.values())), next(iter(house.secrets.values()))
        plant(house, token, secret)
        planted = await asyncio.to_thread(house.dump)
        accepted = await count_accepted(house, verdict, sorted(planted.candidates() - dump.candidates()))
        verdict.demand(accepted > 0, "CONTROL: a planted token was not found")
        verdict.demand(planted.find({"planted": secret}), "CONTROL: a planted secret was not found")
        verdict.figures |= {
            "live sessions": len(house.tokens),
            "values": len(dump.values),
            "tables": len(METADATA.tables),
            "bytes": sum(len(value) for _, value in dump.values),
            "secrets looked for": len(everything),
            "readable in place": readable,
            "readable after swapping": swapped,
            "planted tokens found": accepted,
        }
    return verdict


def main() -> int:
    """Run it whole, on Redis and PostgreSQL; an argument is another number of sessions."""
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else SESSIONS_WANTED
    redis, postgres = RedisServer(), PostgresServer()
    try:
        return run_soak(partial(prove, sessions=sessions, redis=redis, database=postgres.fresh_database()))
    finally:
        redis.remove()
        postgres.remove()


if __name__ == "__main__":
    sys.exit(main())
