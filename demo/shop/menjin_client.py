"""What the shop asks menjin: who is it that sends this request?"""

from __future__ import annotations

import aiohttp

USER_AGENT = "shanchapu-shop/1.0"
_OK = 200


class Refused(Exception):
    """menjin's refusal, handed on to the phone as it is: the SDK knows what to do.

    Args:
        status: HTTP status.
        body: The problem document.
    """

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class MenjinClient:
    """Asks over HTTP, as a business in any language would.

    Args:
        url: menjin's.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Begin to keep connections."""
        self._http = aiohttp.ClientSession(headers={"User-Agent": USER_AGENT}, timeout=aiohttp.ClientTimeout(3))

    async def close(self) -> None:
        """Close them."""
        if self._http is not None:
            await self._http.close()

    async def find_member(self, authorization: str) -> str | None:
        """Return the member's id behind an Authorization header, or None if no member is bound.

        Raises:
            Refused: Nobody is signed in.
        """
        if self._http is None:
            raise RuntimeError("open() first")
        async with self._http.get(f"{self._url}/v1/session", headers={"Authorization": authorization}) as reply:
            body = await reply.read()
            if reply.status != _OK:
                raise Refused(reply.status, body)
            account = (await reply.json())["account"]
        return account["external_id"] if account else None
