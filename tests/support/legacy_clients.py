"""The three old clients, written anew from a description of what they send and how they react.

Each stands for a mini program on one phone: `phone` is wxsim's, `app` answers its requests.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import wxsim
from menjin.integrations.legacy.asgi import AsgiApp
from support.legacy import MAGIC, Answer, call

_KEPT_BY_ENCODE_URI_COMPONENT = "!*'()"


class ClientFailedError(Exception):
    """The client called the app's `fail`."""


def encode_uri_component(text: str) -> str:
    """Return what JavaScript's function of that name does."""
    return quote(text, safe=_KEPT_BY_ENCODE_URI_COMPONENT)


class WeappSessionClient:
    """weapp-session-client: keeps the code in memory, shares a pending login, tries four times."""

    def __init__(self, app: AsgiApp, phone: wxsim.Phone) -> None:
        self._app = app
        self._phone = phone
        self.code: str | None = None
        self._pending: asyncio.Future[dict[str, str]] | None = None
        self.sent: list[dict[str, str]] = []

    async def request(self, path: str) -> Answer:
        """Send a request, logging in where needed."""
        for _ in range(4):
            headers = await self._headers()
            self.sent.append(headers)
            answer = await call(self._app, path, headers)
            body = answer.json()
            if MAGIC not in body:
                return answer
            if body.get("reason") not in {"ERR_SESSION_EXPIRED", "ERR_SESSION_KEY_EXCHANGE_FAILED"}:
                raise ClientFailedError(body["error"]["message"])
            self.code = None
        raise ClientFailedError("tried too often")

    async def _headers(self) -> dict[str, str]:
        if self.code is not None:
            return {"X-WX-Code": self.code}
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._log_in())
        return await self._pending

    async def _log_in(self) -> dict[str, str]:
        code = self._phone.login()["code"]
        await asyncio.sleep(0)
        found = self._phone.getUserInfo()
        self.code, self._pending = code, None
        return {
            "X-WX-Code": code,
            "X-WX-RawData": encode_uri_component(found["rawData"]),
            "X-WX-Signature": found["signature"],
        }


class WaferClient:
    """wafer-client-sdk: a stored session, trusted while wx.checkSession agrees; one repetition."""

    def __init__(self, app: AsgiApp, phone: wxsim.Phone, login_path: str = "/login") -> None:
        self._app = app
        self._phone = phone
        self._login_path = login_path
        self.session: dict[str, Any] | None = None
        self.logins = 0

    async def login(self) -> dict[str, Any]:
        """Log in, unless the stored session will do."""
        if self.session is not None and self._phone.checkSession()["errMsg"] == "checkSession:ok":
            return self._user_info(self.session)
        self.session = None
        self.logins += 1
        code = self._phone.login()["code"]
        found = self._phone.getUserInfo(tap=True)
        headers = {"X-WX-Code": code, "X-WX-Encrypted-Data": found["encryptedData"], "X-WX-IV": found["iv"]}
        body = (await call(self._app, self._login_path, headers)).json()
        if not body.get(MAGIC) or "session" not in body:
            raise ClientFailedError("ERR_LOGIN_MISSING_SESSION")
        self.session = {**body["session"], "userInfo": found["userInfo"]}
        return self._user_info(self.session)

    async def request(self, path: str, *, login: bool = False) -> Answer:
        """Send a request with id and skey, logging in first if asked."""
        if login:
            await self.login()
        answer = await call(self._app, path, self._headers())
        if not answer.json().get(MAGIC):
            return answer
        self.session = None
        if answer.json().get("error") != "ERR_INVALID_SESSION":
            raise ClientFailedError("ERR_CHECK_LOGIN_FAILED")
        await self.login()
        answer = await call(self._app, path, self._headers())
        if answer.json().get(MAGIC):
            raise ClientFailedError(answer.json()["error"])
        return answer

    def _headers(self) -> dict[str, str]:
        return {"X-WX-Id": self.session["id"], "X-WX-Skey": self.session["skey"]} if self.session else {}

    @staticmethod
    def _user_info(session: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = session["userInfo"]
        return found


class Wafer2Client:
    """wafer2-client-sdk: logs in with user info once, by code alone afterwards; one repetition."""

    def __init__(self, app: AsgiApp, phone: wxsim.Phone, login_path: str = "/login") -> None:
        self._app = app
        self._phone = phone
        self._login_path = login_path
        self.session: dict[str, Any] | None = None
        self.logins = 0

    async def login(self) -> dict[str, Any]:
        """Log in with user info, from a button's handler."""
        code = self._phone.login()["code"]
        found = self._phone.getUserInfo(tap=True)
        return await self._log_in(
            {"X-WX-Code": code, "X-WX-Encrypted-Data": found["encryptedData"], "X-WX-IV": found["iv"]}
        )

    async def login_with_code(self) -> dict[str, Any]:
        """Log in silently."""
        return await self._log_in({"X-WX-Code": self._phone.login()["code"]})

    async def request(self, path: str, *, login: bool = False) -> Answer:
        """Send a request with the skey, logging in by code first if asked."""
        if login:
            await self.login_with_code()
        answer = await self._send(path)
        if not _is_refused(answer):
            return answer
        self.session = None
        await self.login_with_code()
        answer = await self._send(path)
        if _is_refused(answer):
            self.session = None
            raise ClientFailedError(answer.json().get("error"))
        return answer

    async def _send(self, path: str) -> Answer:
        return await call(self._app, path, {"X-WX-Skey": self.session["skey"]} if self.session else {})

    async def _log_in(self, headers: dict[str, str]) -> dict[str, Any]:
        self.logins += 1
        body = (await call(self._app, self._login_path, headers)).json()
        data = body.get("data")
        if body.get("code") != 0 or not data or not data.get("skey") or not data.get("userinfo"):
            raise ClientFailedError(str(body))
        self.session = data
        found: dict[str, Any] = data["userinfo"]
        return found


def _is_refused(answer: Answer) -> bool:
    return answer.status == 401 or answer.json().get("code") == -1
