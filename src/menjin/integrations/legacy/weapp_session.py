"""weapp-session: the login_code itself is what the client shows with every request.

    X-WX-Code, X-WX-RawData, X-WX-Signature   the first request: signs in, if rawData's signature holds
    X-WX-Code                                 every later one
    (none)                                    passes on; nobody is signed in

Errors come with status 200 and the magic id; the client logs in anew after two of the three reasons.
Source: https://github.com/CFETeam/weapp-session and https://github.com/CFETeam/weapp-session-client
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from menjin.aio import AsyncMenjin
from menjin.errors import AccountDisabled, MenjinError, SessionInvalid, StaleSessionKey, TooManyAttempts
from menjin.integrations.legacy.asgi import (
    MAGIC,
    AsgiApp,
    Ignore,
    Middleware,
    Reply,
    Scope,
    note,
    read_header,
    read_wait,
)
from menjin.integrations.legacy.code_login import CODE_KEPT, CodeLogins, Grant, Presentation
from menjin.integrations.legacy.sign_in import Doorstep, Surroundings
from menjin.integrations.legacy.store import LegacyStore
from menjin.integrations.legacy.wechat_words import to_detail
from menjin.limits.addresses import TrustedProxies
from menjin.strict_json import read_object
from menjin.values import Secret

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{40}")


class WeappSession(Middleware):
    """The middleware. The app behind it finds `request.state.wx_user_info` and `.principal`, or None in both.

    Args:
        app: The app behind.
        menjin: Opened by whoever mounts this.
        appid: The mini program whose codes come here.
        store: Shared by all processes that serve it.
        ignore: Paths left alone, or a function of the ASGI scope.
        repeatable: How long the same first request gives the same session.
        trusted_proxies: The proxies in front, whose X-Forwarded-For is believed; as `parse_proxies` returns them.
    """

    def __init__(
        self,
        app: AsgiApp,
        *,
        menjin: AsyncMenjin,
        appid: str,
        store: LegacyStore,
        ignore: Ignore = (),
        repeatable: timedelta = CODE_KEPT,
        trusted_proxies: TrustedProxies | None = None,
        around: Surroundings | None = None,
    ) -> None:
        super().__init__(app, ignore)
        self._menjin = menjin
        self._doorstep = Doorstep(menjin, trusted_proxies)
        self._logins = CodeLogins(
            menjin=menjin, appid=appid, store=store, around=around or Surroundings(), repeatable=repeatable
        )

    async def answer(self, scope: Scope) -> Reply | None:
        """Say who shows the code, or log in."""
        code = Secret(read_header(scope, "x-wx-code"))
        if not code:
            return None
        if read_header(scope, "x-wx-rawdata"):
            return await self._admit(scope, code)
        return await self._let_in(scope, await self._logins.recall(code))

    async def _admit(self, scope: Scope, code: Secret) -> Reply | None:
        try:
            return await self._first_request(scope, code, await self._doorstep.admit(scope))
        except TooManyAttempts as error:  # without a reason: the client would come four times at once
            return _refuse(str(error), wait=read_wait(error))

    async def _first_request(self, scope: Scope, code: Secret, address: str | None) -> Reply | None:
        try:
            raw_data = _read_raw_data(read_header(scope, "x-wx-rawdata"))
        except UnicodeDecodeError:
            return _refuse("URI malformed", name="URIError")
        except ValueError:
            return _refuse("rawData is not a JSON object", name="SyntaxError")
        signature = read_header(scope, "x-wx-signature")
        if not _SIGNATURE.fullmatch(signature):
            return _untrusted()
        return await self._log_in(scope, Presentation(code, raw_data, signature, address))

    async def _log_in(self, scope: Scope, shown: Presentation) -> Reply | None:
        try:
            grant = await self._logins.log_in(shown)
        except StaleSessionKey:
            return _untrusted()
        except AccountDisabled as error:
            return _refuse(str(error))  # without a reason the client does not try again
        except MenjinError as error:
            detail = to_detail(error)
            if detail is None:
                raise
            return _refuse("jscode failed to exchange session_key", "ERR_SESSION_KEY_EXCHANGE_FAILED", detail=detail)
        return await self._let_in(scope, grant)

    async def _let_in(self, scope: Scope, grant: Grant | None) -> Reply | None:
        """Let the session's own life decide."""
        if grant is None:
            return _expired()
        try:
            principal = await self._menjin.authenticate(grant.session_token.reveal())
        except SessionInvalid:
            return _expired()
        note(scope, principal, {**grant.user_info, "openId": principal.session.subject.openid})
        return None


def _read_raw_data(header: str) -> str:
    """Return what encodeURIComponent encoded.

    Raises:
        UnicodeDecodeError: It did not come from there.
        ValueError: It is no JSON object.
    """
    if broken := _BROKEN_ESCAPE.search(header):
        raise UnicodeDecodeError("utf-8", b"%", 0, 1, f"broken escape at {broken.start()}")
    raw_data = unquote(header, errors="strict")
    read_object(raw_data.encode())
    return raw_data


def _expired() -> Reply:
    return _refuse("`wxUserInfo` not found by `code`", "ERR_SESSION_EXPIRED")


def _untrusted() -> Reply:
    return _refuse("untrusted raw data", "ERR_UNTRUSTED_RAW_DATA")


def _refuse(
    message: str,
    reason: str | None = None,
    *,
    name: str = "Error",
    detail: dict[str, object] | None = None,
    wait: int | None = None,
) -> Reply:
    body: dict[str, Any] = {MAGIC: 1}
    if reason is not None:
        body["reason"] = reason
    body["error"] = {"name": name, "message": message} | ({"detail": detail} if detail is not None else {})
    return Reply(body, retry_after=wait)
