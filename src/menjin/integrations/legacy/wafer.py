"""wafer, the first: a login gives id and skey, and every later request shows both.

    login path   X-WX-Code, X-WX-Encrypted-Data, X-WX-IV  →  {magic: 1, session: {id, skey}}
    elsewhere    X-WX-Id, X-WX-Skey; without both the request passes on, and nobody is signed in

Errors come with status 200 and the magic id; on ERR_INVALID_SESSION the client logs in and repeats once.
Source: https://github.com/tencentyun/wafer-client-sdk and https://github.com/tencentyun/wafer-node-session
"""

from __future__ import annotations

import hmac
from typing import Any

from menjin.aio import AsyncMenjin
from menjin.errors import MenjinError, OpenDataInvalid, SessionInvalid, StoreError, TooManyAttempts
from menjin.integrations.legacy.asgi import (
    MAGIC,
    AsgiApp,
    Ignore,
    Middleware,
    Reply,
    Scope,
    note,
    read_header,
    read_path,
    read_wait,
)
from menjin.integrations.legacy.sign_in import Doorstep, Surroundings
from menjin.integrations.legacy.skeys import Skeys, read_encrypted
from menjin.integrations.legacy.store import LegacyStore
from menjin.integrations.legacy.wechat_words import to_detail
from menjin.limits.addresses import TrustedProxies
from menjin.values import Secret


class Wafer(Middleware):
    """The middleware. The app behind it finds `request.state.wx_user_info` and `.principal`, or None in both.

    Args:
        app: The app behind.
        menjin: Opened by whoever mounts this.
        appid: The mini program whose codes come here.
        store: Shared by all processes that serve it.
        login_path: The clients' setLoginUrl.
        ignore: Paths left alone, or a function of the ASGI scope.
        user_info_required: Whether a login needs encryptedData and iv, as the old server wanted.
        trusted_proxies: The proxies in front, whose X-Forwarded-For is believed; as `parse_proxies` returns them.
    """

    def __init__(
        self,
        app: AsgiApp,
        *,
        menjin: AsyncMenjin,
        appid: str,
        store: LegacyStore,
        login_path: str = "/login",
        ignore: Ignore = (),
        user_info_required: bool = True,
        trusted_proxies: TrustedProxies | None = None,
        around: Surroundings | None = None,
    ) -> None:
        super().__init__(app, ignore)
        self._login_path = login_path
        self._user_info_required = user_info_required
        self._doorstep = Doorstep(menjin, trusted_proxies)
        self._skeys = Skeys("wafer", menjin=menjin, appid=appid, store=store, around=around or Surroundings())

    async def answer(self, scope: Scope) -> Reply | None:
        """Say who shows id and skey, or log in."""
        session_id, skey = read_header(scope, "x-wx-id"), Secret(read_header(scope, "x-wx-skey"))
        logging_in = read_path(scope) == self._login_path
        if session_id and skey:
            return await self._recognise(scope, session_id, skey, logging_in=logging_in)
        return await self._admit(scope) if logging_in else None

    async def _admit(self, scope: Scope) -> Reply:
        try:
            return await self._log_in(scope, await self._doorstep.admit(scope))
        except TooManyAttempts as error:
            return _refuse("ERR_LOGIN_FAILED", "尝试次数过多，请稍后再试", error)

    async def _recognise(self, scope: Scope, session_id: str, skey: Secret, *, logging_in: bool) -> Reply | None:
        try:
            principal, user_info = await self._skeys.recognise(skey)
        except SessionInvalid:
            return _refuse("ERR_INVALID_SESSION", "会话已失效，请重新登录")
        if not self._is_its_id(session_id, principal.session.session_id):
            return _refuse("ERR_INVALID_SESSION", "会话已失效，请重新登录")
        note(scope, principal, user_info)
        return Reply({"code": 0, "message": "会话有效，无需登录"}) if logging_in else None

    async def _log_in(self, scope: Scope, address: str | None) -> Reply:
        code = Secret(read_header(scope, "x-wx-code"))
        try:
            encrypted = read_encrypted(scope)
        except OpenDataInvalid:
            return _missing("X-WX-Encrypted-Data / X-WX-IV")
        if not code:
            return _missing("X-WX-Code")
        if encrypted is None and self._user_info_required:
            return _missing("X-WX-Encrypted-Data / X-WX-IV")
        try:
            signed_in, _ = await self._skeys.log_in(code, encrypted, address)
        except (StoreError, TooManyAttempts):
            raise
        except MenjinError as error:
            detail = to_detail(error)
            errcode = f" (errcode {detail['errcode']})" if detail is not None else ""
            return _refuse("ERR_LOGIN_FAILED", f"登录失败，请重试{errcode}")
        token = signed_in.session_token.reveal()
        return Reply({MAGIC: 1, "session": {"id": signed_in.session.session_id, "skey": token}})

    def _is_its_id(self, shown: str, session_id: str) -> bool:
        return hmac.compare_digest(shown.encode(), session_id.encode())


def _missing(header: str) -> Reply:
    """Answer as the old server: without the magic id."""
    return Reply({"type": "ERR_LOGIN_FAILED", "message": f"缺少请求头 {header}"})


def _refuse(error: str, message: str, cause: MenjinError | None = None) -> Reply:
    body: dict[str, Any] = {MAGIC: 1, "error": error, "message": message}
    return Reply(body, retry_after=read_wait(cause))
