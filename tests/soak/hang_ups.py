"""1,000,000 requests, 30 % of the clients hang up mid-way, a slow Redis: no answer holds another's principal."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from dataclasses import dataclass
from functools import partial

from support.fleet import Fleet, Zygote, run_fleet, run_zygote
from support.load import Caller, Verdict, run_soak
from support.servers import RedisServer
from support.tcp_proxy import TcpProxy

REQUESTS = 1_000_000
PEOPLE = 200
CONNECTIONS = 64
HANG_UPS = 0.3
DELAY_SECONDS = 0.004
_SESSION_ID = b'"session_id":"'
_ID_LENGTH = 30


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is signed in."""

    token: str
    session_id: str

    def request(self) -> bytes:
        """Return GET /v1/session as bytes."""
        return f"GET /v1/session HTTP/1.1\r\nHost: menjin\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode()


class HungUpError(Exception):
    """This client is gone."""


@dataclass
class Crowd:
    """Clients over keep-alive connections, who share nothing but the service.

    Attributes:
        left: Requests that may still be sent.
    """

    fleet: Fleet
    members: list[Member]
    verdict: Verdict
    rng: random.Random
    left: int

    async def connect(self, number: int) -> None:
        """Ask over one connection after the other until no requests are left."""
        port = self.fleet.services[number % len(self.fleet.services)].port
        while self.left > 0:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                while self.left > 0:
                    await self._ask(reader, writer)
                writer.close()
            except HungUpError:
                writer.transport.abort()
            except (OSError, asyncio.IncompleteReadError) as error:
                self.verdict.demand(condition=False, otherwise=f"the service hung up: {type(error).__name__}")
                writer.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send one request, or two at once, and read the answers; or hang up on the way."""
        members = self.rng.choices(self.members, k=2 if self.rng.random() < 0.1 else 1)
        self.left -= len(members)
        self.verdict.note("requests", len(members))
        sent = b"".join(member.request() for member in members)
        if self.rng.random() < HANG_UPS:
            await self._hang_up(reader, writer, sent)
        writer.write(sent)
        for member in members:
            self._judge(member, *await _read(reader))

    async def _hang_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> None:
        self.verdict.note("hung up")
        if self.rng.random() < 0.2:
            writer.write(sent[: self.rng.randrange(len(sent))])
            await asyncio.sleep(0)
            raise HungUpError
        writer.write(sent)
        if self.rng.random() < 0.2:
            with contextlib.suppress(OSError):
                await reader.read(self.rng.randrange(1, 40))
        else:
            await asyncio.sleep(self.rng.random() * 3 * DELAY_SECONDS)
        raise HungUpError

    def _judge(self, member: Member, status: int, body: bytes) -> None:
        self.verdict.note(f"answered {status}")
        self.verdict.demand(status in {200, 503}, f"answered {status}: {body[:80]!r}")
        if status == 200:
            start = body.index(_SESSION_ID) + len(_SESSION_ID)
            found = body[start : start + _ID_LENGTH].decode()
            self.verdict.demand(found == member.session_id, "an answer holds another's principal")


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return status and body of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head[9:12]), await reader.readexactly(length)


async def _sign_in(fleet: Fleet, people: int) -> list[Member]:
    members = []
    async with Caller() as caller:
        for number in range(people):
            body = (await caller.sign_in(fleet.urls[0], fleet.code(f"p{number}"))).body
            members.append(Member(body["session_token"], body["session_id"]))
    return members


async def prove(
    zygote: Zygote,
    redis: RedisServer | None,
    *,
    requests: int,
    people: int = PEOPLE,
    processes: int = 4,
    build: str = "",
    seed: int = 2026,
) -> Verdict:
    """Send so many requests; without Redis, sessions are in SQLite."""
    verdict = Verdict(f"hang-ups{' on ' + build if build else ''}")
    proxy = TcpProxy(redis.port) if redis is not None else None
    url = f"redis://127.0.0.1:{proxy.port}/0" if proxy is not None else ""
    try:
        with run_fleet(zygote, processes, build=build, redis=url) as fleet:
            members = await _sign_in(fleet, people)
            if proxy is not None:
                proxy.delay = DELAY_SECONDS
            rng = random.Random(seed)  # noqa: S311 - a seed, so that a run can be repeated; nothing secret
            crowd = Crowd(fleet, members, verdict, rng, requests)
            await asyncio.gather(*(crowd.connect(number) for number in range(CONNECTIONS)))
            async with Caller() as caller:
                for member in members:
                    answer = await caller.who(fleet.urls[-1], member.token)
                    verdict.demand(answer.body.get("session_id") == member.session_id, f"afterwards: {answer.text}")
    finally:
        if proxy is not None:
            proxy.close()
    return verdict


def main() -> int:
    """Run it whole; an argument is another number of requests."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS
    redis = RedisServer()
    try:
        with run_zygote() as zygote:
            return run_soak(partial(prove, zygote, redis, requests=requests))
    finally:
        redis.remove()


if __name__ == "__main__":
    sys.exit(main())
