"""One login, hop by hop, printed as it happens."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from places import MEMBER, PASSWORD, House
from wxsim import FIRST_APPID

_SECRET = "…（不出服务器 never leaves the server）"  # noqa: S105 - what stands for a secret


class WalkFailed(Exception):
    """A hop did not end as it should."""


class Walk:
    """The journey over HTTP.

    Args:
        http: Client.
        house: Where both servers are.
    """

    def __init__(self, http: aiohttp.ClientSession, house: House) -> None:
        self._http = http
        self._house = house
        self._token = ""
        self._seen = 0

    async def run(self) -> None:
        """Walk it.

        Raises:
            WalkFailed: A hop did not end as it should.
        """
        await self._sign_in("1 登录 Sign in")
        await self._who("2 我是谁 Who am I")
        await self._phone()
        await self._bind()
        await self._sign_in("5 第二次登录：无感、已绑定 A second login: silent, and bound")
        await self._who("6 我是谁 Who am I")
        await self._sign_out()

    async def _sign_in(self, title: str) -> None:
        head(title)
        tapped = await self._wx("login")
        body = {"appid": FIRST_APPID, "login_code": tapped["code"]}
        hop("手机 phone → menjin", "POST /v1/sessions", {**body, "login_code": shorten(tapped["code"])})
        answer = await self._call("POST", "/v1/sessions", 201, body)
        await self._show_wechat()
        self._token = answer["session_token"]
        hop("menjin → 手机 phone", "201", {**answer, "session_token": shorten_token(self._token)})
        say("session_token 只在这里出现一次；库里只有它的 SHA-256。", "Shown once; the store holds its SHA-256 only.")

    async def _who(self, title: str) -> None:
        head(title)
        answer = await self._call("GET", "/v1/session", 200)
        hop("menjin → 手机 phone", "200", answer)
        say("不问微信，只查一次库。", "WeChat is not asked; one store read.")

    async def _phone(self) -> None:
        head("3 手机号 A phone number, encrypted by WeChat, opened by menjin")
        event = await self._wx("getPhoneNumber", tap=True)
        body = {"encrypted_data": event["encryptedData"], "iv": event["iv"]}
        hop("手机 phone → menjin", "POST /v1/phone", {name: shorten(text) for name, text in body.items()})
        hop("menjin → 手机 phone", "200", await self._call("POST", "/v1/phone", 200, body))
        say(
            "用服务器上的 session_key 打开；只展示，不凭它绑定。",
            "Opened with the session_key kept here; shown, not bound.",
        )

    async def _bind(self) -> None:
        head("4 绑定业务账号 Bind to an account of the business")
        body = {"method": "password", "username": MEMBER, "password": PASSWORD}
        hop("手机 phone → menjin", "POST /v1/binding", {**body, "password": "…"})
        hop("menjin → 业务 business", "verify_password", {"username": MEMBER, "password": "…"})
        answer = await self._call("POST", "/v1/binding", 200, body)
        former, self._token = self._token, answer["session_token"]
        hop("menjin → 手机 phone", "200", {**answer, "session_token": shorten_token(self._token)})
        await self._expect_refusal(former, "session_rotated")
        say("旧 token 已更换，一分钟内会被告知重试。", "The old token was rotated; it is told to retry for a minute.")

    async def _sign_out(self) -> None:
        head("7 退出，之后被拒绝 Sign out, and be refused")
        await self._call("DELETE", "/v1/session", 204)
        hop("menjin → 手机 phone", "204", {})
        refusal = await self._expect_refusal(self._token, "signed_out")
        hop("menjin → 手机 phone", "401", {name: refusal[name] for name in ("code", "action", "title")})

    async def _wx(self, api: str, *, tap: bool = False) -> dict[str, Any]:
        url = f"{self._house.wechat}/_wx/{FIRST_APPID}/ming/{api}"
        async with self._http.post(url, params={"tap": "1"} if tap else {}, json={}) as reply:
            answer: dict[str, Any] = await reply.json()
        hop("微信 WeChat → 手机 phone", f"wx.{api}", {name: shorten(str(value)) for name, value in answer.items()})
        return answer

    async def _call(self, method: str, path: str, status: int, body: object = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._http.request(method, self._house.menjin + path, json=body, headers=headers) as reply:
            text = await reply.text()
            if reply.status != status:
                raise WalkFailed(f"{method} {path}: {reply.status}, expected {status}: {text}")
            return json.loads(text) if text else {}

    async def _expect_refusal(self, token: str, code: str) -> dict[str, Any]:
        url, headers = f"{self._house.menjin}/v1/session", {"Authorization": f"Bearer {token}"}
        async with self._http.get(url, headers=headers) as reply:
            refusal: dict[str, Any] = await reply.json()
        if reply.status != 401 or refusal["code"] != code:  # noqa: PLR2004 - HTTP's Unauthorized
            raise WalkFailed(f"expected 401 {code}: {reply.status} {refusal}")
        return refusal

    async def _show_wechat(self) -> None:
        """Print what menjin asked WeChat since the last time; the simulator's journal knows."""
        url = f"{self._house.wechat}/_sim/journal"
        async with self._http.get(url, params={"door": "server"}) as reply:
            entries = (await reply.json())["entries"]
        for entry in entries[self._seen :]:
            query = {**entry["query"], "secret": _SECRET, "js_code": shorten(entry["query"]["js_code"])}
            hop("menjin → 微信 WeChat", f"{entry['method']} {entry['path']}", query)
            answer = {**entry["answer"], "session_key": _SECRET}
            hop("微信 WeChat → menjin", str(entry["status"]), answer)
        self._seen = len(entries)


def head(title: str) -> None:
    """Print a heading."""
    print(f"\n━━ {title}")


def hop(who: str, what: str, payload: dict[str, Any]) -> None:
    """Print one hop: from whom to whom, what, and the payload."""
    print(f"  {who}: {what}")
    for name, value in payload.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        print(f"      {name}: {shown}")


def say(zh: str, en: str) -> None:
    """Print a sentence of explanation."""
    print(f"  · {zh} {en}")


def shorten(text: str) -> str:
    """Return the beginning of a long text."""
    keep = 16
    return text if len(text) <= keep + 8 else f"{text[:keep]}… ({len(text)})"


def shorten_token(token: str) -> str:
    """Return a token's kind and its end, which tells one from another; 8 of 43 characters help nobody to guess it."""
    return f"{token[:4]}…{token[-8:]} ({len(token)})"
