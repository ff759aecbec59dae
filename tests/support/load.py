"""Load on a service over HTTP, and a soak's progress and verdict."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from support.fleet import APPID

_LOG = logging.getLogger("soak")
_LINE_EVERY = 5.0
_SHOWN_AT_MOST = 20


class UnansweredError(Exception):
    """No whole answer came; whether the service acted is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer.

    Attributes:
        headers: Without those that differ at every request.
        seconds: From the request's start to its end.
    """

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def code(self) -> str:
        """The problem's slug, or nothing."""
        return str(self.body.get("code", ""))

    @property
    def text(self) -> str:
        """Status and slug, for counting."""
        return f"{self.status} {self.code}".strip()


class Caller:
    """Calls services; every call is one attempt, and is answered or raises UnansweredError."""

    def __init__(self, patience: float = 30.0) -> None:
        self._patience = patience

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=2),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._patience),
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._session.close()

    async def call(
        self, method: str, url: str, body: object = None, *, token: str = "", headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request and return the answer.

        Raises:
            UnansweredError: There was none.
        """
        sent = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        data = json.dumps(body).encode() if body is not None else None
        begun = time.perf_counter()
        try:
            async with self._session.request(method, url, data=data, headers=sent) as reply:
                raw = await reply.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UnansweredError(type(error).__name__) from None
        took = time.perf_counter() - begun
        kept = {
            name.lower(): value for name, value in reply.headers.items() if name.lower() not in {"date", "x-request-id"}
        }
        return Answer(reply.status, json.loads(raw) if raw else {}, kept, took)

    async def sign_in(self, url: str, code: str, key: str = "") -> Answer:
        """POST /v1/sessions, with an Idempotency-Key if there is one."""
        headers = {"Idempotency-Key": key} if key else None
        return await self.call("POST", f"{url}/v1/sessions", {"appid": APPID, "login_code": code}, headers=headers)

    async def who(self, url: str, token: str) -> Answer:
        """GET /v1/session."""
        return await self.call("GET", f"{url}/v1/session", token=token)

    async def sign_out(self, url: str, token: str) -> Answer:
        """DELETE /v1/session."""
        return await self.call("DELETE", f"{url}/v1/session", token=token)

    async def rotate(self, url: str, token: str) -> Answer:
        """POST /v1/session/rotate."""
        return await self.call("POST", f"{url}/v1/session/rotate", token=token)

    async def bind(self, url: str, token: str, username: str) -> Answer:
        """POST /v1/binding."""
        body = {"method": "password", "username": username, "password": f"{username}!"}
        return await self.call("POST", f"{url}/v1/binding", body, token=token)


@dataclass
class Verdict:
    """What a proof found.

    Attributes:
        seen: How often what was seen.
        figures: What else is worth telling.
        violations: What must not be; the first ones in words.
    """

    name: str
    seen: Counter[str] = field(default_factory=Counter)
    figures: dict[str, object] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    _told: float = field(default_factory=time.monotonic)
    _begun: float = field(default_factory=time.monotonic)

    def note(self, what: str, times: int = 1) -> None:
        """Count something, and print a line every few seconds."""
        self.seen[what] += times
        if time.monotonic() - self._told >= _LINE_EVERY:
            self._told = time.monotonic()
            self.tell("so far")

    def demand(self, condition: object, otherwise: str) -> None:
        """Note a violation unless `condition` holds."""
        if not condition:
            self.violations.append(otherwise)
            if len(self.violations) <= _SHOWN_AT_MOST:
                _LOG.info("%s: VIOLATION: %s", self.name, otherwise)

    def tell(self, when: str) -> None:
        """Print where it stands."""
        seconds = time.monotonic() - self._begun
        counts = {**dict(sorted(self.seen.items())), **self.figures}
        _LOG.info("%s: %s, %.0f s: %s, %d violations", self.name, when, seconds, counts, len(self.violations))


async def gather_bounded(work: list[Callable[[], Awaitable[Any]]], at_once: int) -> list[Any]:
    """Run all of the work, so many at once; return the results in order."""
    room = asyncio.Semaphore(at_once)

    async def run(one: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever it returns
        async with room:
            return await one()

    return await asyncio.gather(*(run(one) for one in work))


def run_soak(*proofs: Callable[[], Coroutine[Any, Any, Verdict]]) -> int:
    """Run proofs one after the other; return 1 if anything was violated."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger("soak").setLevel(logging.INFO)
    failed = []
    for proof in proofs:
        verdict = asyncio.run(proof())
        verdict.tell("done")
        if verdict.violations:
            failed.append(verdict.name)
    _LOG.info("soak: %s", f"FAILED: {failed}" if failed else "ok")
    return 1 if failed else 0
