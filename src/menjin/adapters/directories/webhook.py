"""A directory that is an HTTP endpoint of the business (docs/directory-webhook.md)."""

from __future__ import annotations

import asyncio
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec

from menjin.accounts.directory import Member
from menjin.adapters.directories.names import read_phone, to_member
from menjin.adapters.directories.signing import read_key, sign
from menjin.adapters.directories.targets import GuardedResolver, LookUp, TargetRefused, read_target
from menjin.clock import Clock, Randomness, SystemClock, SystemRandomness
from menjin.errors import StoreUnavailable
from menjin.strict_json import read_object
from menjin.values import Secret

_LOG = logging.getLogger("menjin.directory")
_LARGEST_ANSWER = 4096
_OK = 200
_ABOUT_TLS = (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError)


class _Answered(msgspec.Struct, forbid_unknown_fields=True):
    external_id: str


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    member: _Answered | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where, and how.

    Attributes:
        url: `https://…`.
        keys: Each signs; the receiver needs one of them. The first of two is the new one.
        timeout: For the whole exchange, from the name's look-up to the last byte.
        private_networks: Networks the URL may lead to although they are not public.

    Raises:
        ValueError: The URL is not usable or not allowed, or a key is none.
    """

    url: str
    keys: tuple[Secret, ...]
    timeout: timedelta = timedelta(seconds=3)
    private_networks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        read_target(self.url, self.private_networks)
        if not [read_key(key) for key in self.keys]:
            raise ValueError("a key is missing")


class WebhookDirectory:
    """Asks the endpoint; one request each time, never repeated, no redirect followed, its answer read strictly.

    Args:
        endpoint: Where.
        blocking: Whether callers have no event loop.
        clock: Dates the requests.
        randomness: Makes their ids.
        look_up: Finds the addresses of names.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        blocking: bool = False,
        clock: Clock | None = None,
        randomness: Randomness | None = None,
        look_up: LookUp = socket.getaddrinfo,
    ) -> None:
        self._look_up = look_up
        self._endpoint = endpoint
        self._keys = [read_key(key) for key in endpoint.keys]
        self._targets = read_target(endpoint.url, endpoint.private_networks)
        self._clock = clock or SystemClock()
        self._randomness = randomness or SystemRandomness()
        self.works_without_loop = blocking

    async def verify_password(self, username: str, password: Secret) -> Member | None:
        """Return the member, or None.

        Raises:
            StoreUnavailable: The endpoint did not answer as agreed.
        """
        return await self._ask({"type": "verify_password", "username": username, "password": password.reveal()})

    async def find_by_phone(self, phone_number: str) -> Member | None:
        """Return the member who has a number, or None.

        Raises:
            StoreUnavailable: The endpoint did not answer as agreed.
        """
        if read_phone(phone_number) is None:
            return None
        return await self._ask({"type": "find_by_phone", "phone_number": phone_number})

    async def _ask(self, question: dict[str, str]) -> Member | None:
        try:
            body = msgspec.json.encode(question)
        except UnicodeEncodeError:
            return None  # half a character is in nobody's name or password
        message_id = f"msg_{self._randomness.random_bytes(16).hex()}"
        headers = sign(self._keys, message_id, int(self._clock.now().timestamp()), body)
        answer = _read(await self._send(body, headers))
        return to_member(answer.member.external_id) if answer.member is not None else None

    async def _send(self, body: bytes, headers: dict[str, str]) -> bytes:
        if not self.works_without_loop:
            return await self._exchange(body, headers)
        with ThreadPoolExecutor(1, "menjin-webhook") as thread:  # the caller's thread may have a loop that it blocks
            return thread.submit(asyncio.run, self._exchange(body, headers)).result()

    async def _exchange(self, body: bytes, headers: dict[str, str]) -> bytes:
        """Return the body of a 200.

        Raises:
            StoreUnavailable: Anything else; the log says what, without the URL's query and without any body.
        """
        problem = ""
        try:
            return await self._post(body, headers)
        except TimeoutError:
            problem = "no whole answer in time"
        except TargetRefused:
            problem = "its name leads to an address that is not allowed; name the network in private_networks"
        except _ABOUT_TLS:
            problem = "its certificate is not good"
        except (aiohttp.ClientError, OSError) as error:
            problem = f"no connection, or it broke: {type(error).__name__}"
        except ValueError as error:
            problem = str(error)
        _LOG.error("the directory's webhook: %s", problem)
        raise StoreUnavailable(store="directory")

    async def _post(self, body: bytes, headers: dict[str, str]) -> bytes:
        fixed = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "menjin"}
        timeout = aiohttp.ClientTimeout(total=self._endpoint.timeout.total_seconds())
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self._targets, self._look_up), use_dns_cache=False, force_close=True
        )
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=timeout,
            ) as session,
            session.post(
                self._endpoint.url, data=body, headers={**fixed, **headers}, allow_redirects=False
            ) as response,
        ):
            if response.status != _OK:
                raise ValueError(f"status {response.status}")
            if response.content_type != "application/json":
                raise ValueError("its answer is not application/json")
            return await _read_bounded(response.content)


async def _read_bounded(content: aiohttp.StreamReader) -> bytes:
    parts = bytearray()
    async for part in content.iter_any():
        parts += part
        if len(parts) > _LARGEST_ANSWER:
            raise ValueError("its answer is larger than 4 KiB")
    return bytes(parts)


def _read(body: bytes) -> _Answer:
    try:
        found: dict[str, Any] = read_object(body)
        return msgspec.convert(found, _Answer)
    except (ValueError, msgspec.ValidationError):
        _LOG.error("the directory's webhook: its answer is not as docs/directory-webhook.md says")
    raise StoreUnavailable(store="directory")
