"""wafer2: a login gives an skey, and every later request shows it.

    login path   X-WX-Code, with X-WX-Encrypted-Data and X-WX-IV or without  →  {code: 0, data: {userinfo, skey}}
    elsewhere    X-WX-Skey; without a living one the answer is {code: -1}, and the client logs in and repeats once

Source: https://github.com/tencentyun/wafer2-client-sdk and https://github.com/tencentyun/wafer2-node-sdk
"""

from __future__ import annotations

from menjin.aio import AsyncMenjin
from menjin.errors import MenjinError, OpenDataInvalid, SessionInvalid, StaleSessionKey, StoreError
from menjin.integrations.legacy.asgi import (
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
from menjin.limits.addresses import TrustedProxies
from menjin.values import Secret


class Wafer2(Middleware):
    """The middleware. The app behind it finds `request.state.wx_user_info` and `.principal`.

    Args:
        app: The app behind.
        menjin: Opened by whoever mounts this.
        appid: The mini program whose codes come here.
        store: Shared by all processes that serve it.
        login_path: The clients' setLoginUrl.
        ignore: Paths that need no login, or a function of the ASGI scope; there both are None.
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
        trusted_proxies: TrustedProxies | None = None,
        around: Surroundings | None = None,
    ) -> None:
        super().__init__(app, ignore)
        self._login_path = login_path
        self._doorstep = Doorstep(menjin, trusted_proxies)
        self._skeys = Skeys("wafer2", menjin=menjin, appid=appid, store=store, around=around or Surroundings())

    async def answer(self, scope: Scope) -> Reply | None:
        """Say who shows the skey, or log in."""
        if read_path(scope) == self._login_path:
            return await self._log_in(scope)
        skey = Secret(read_header(scope, "x-wx-skey"))
        try:
            principal, user_info = await self._skeys.recognise(skey)
        except SessionInvalid:
            return _refuse("ERR_SKEY_INVALID")
        note(scope, principal, user_info)
        return None

    async def _log_in(self, scope: Scope) -> Reply:
        code = Secret(read_header(scope, "x-wx-code"))
        if not code:
            return _refuse("ERR_HEADER_MISSED")
        try:
            address = await self._doorstep.admit(scope)
            signed_in, user_info = await self._skeys.log_in(code, read_encrypted(scope), address)
        except StoreError:
            raise
        except (OpenDataInvalid, StaleSessionKey):
            return _refuse("ERR_IN_DECRYPT_DATA")
        except MenjinError as error:
            return _refuse("ERR_GET_SESSION_KEY", error)
        return Reply({"code": 0, "data": {"userinfo": user_info, "skey": signed_in.session_token.reveal()}})


def _refuse(error: str, cause: MenjinError | None = None) -> Reply:
    return Reply({"code": -1, "error": error}, retry_after=read_wait(cause))
