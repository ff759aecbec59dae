"""The skey of wafer and wafer2: our session_token, and beside it the user info of its login.

The user info is sealed under the token and ends with the session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from menjin.aio import AsyncMenjin
from menjin.errors import OpenDataInvalid, SessionInvalid
from menjin.integrations.legacy.asgi import Scope, read_header
from menjin.integrations.legacy.sealing import Seals
from menjin.integrations.legacy.sign_in import Surroundings, Sweeper, ended_on_failure, sign_in
from menjin.integrations.legacy.store import Entry, LegacyStore
from menjin.login.results import Principal, SignedIn
from menjin.values import Secret

# What a client may show of somebody whose user info never came: WeChat's own keys, all blank.
_BLANK = {"nickName": "", "gender": 0, "language": "", "city": "", "province": "", "country": "", "avatarUrl": ""}


class Skeys:
    """Logs in by code, and says whose an skey is, for one app in one protocol."""

    def __init__(
        self, protocol: str, *, menjin: AsyncMenjin, appid: str, store: LegacyStore, around: Surroundings
    ) -> None:
        self._menjin = menjin
        self._appid = appid
        self._store = store
        self._clock = around.clock
        self._seals = Seals(protocol, appid, around.randomness)
        self._sweeper = Sweeper(store, around.clock)

    async def log_in(
        self, code: Secret, encrypted: tuple[str, str] | None, address: str | None
    ) -> tuple[SignedIn, Mapping[str, Any]]:
        """Sign in and keep the user info; return both.

        Raises:
            OpenDataInvalid: encryptedData or iv is malformed; the code is not spent.
            StaleSessionKey: They do not open.
            MenjinError: What `AsyncMenjin.sign_in` raises.
        """
        signed_in, user_info = await sign_in(self._menjin, self._appid, code, address, encrypted=encrypted)
        async with ended_on_failure(self._menjin, signed_in):
            await self._keep(signed_in, user_info)
        return signed_in, _complete(user_info, signed_in.session.subject.openid)

    async def recognise(self, skey: Secret) -> tuple[Principal, Mapping[str, Any]]:
        """Return whose an skey is, with the user info of the login.

        Raises:
            SessionInvalid: Nobody's, or another app's.
            StoreUnavailable: Nothing is known of it.
        """
        principal = await self._menjin.authenticate(skey.reveal())
        subject = principal.session.subject
        if subject.appid != self._appid:
            raise SessionInvalid
        entry = await self._store.find(self._seals.name(skey), self._clock.now())
        kept = self._seals.open(skey, entry.sealed) if entry is not None and entry.sealed else None
        return principal, _complete(kept or {}, subject.openid)

    async def _keep(self, signed_in: SignedIn, user_info: Mapping[str, Any]) -> None:
        if not user_info:
            return
        await self._sweeper.note_login()
        token, now = signed_in.session_token, self._clock.now()
        entry = Entry("", now, signed_in.session.ends_at, self._seals.seal(token, user_info))
        await self._store.claim(self._seals.name(token), entry, now)


def read_encrypted(scope: Scope) -> tuple[str, str] | None:
    """Return encryptedData and iv of the headers; None if neither came.

    Raises:
        OpenDataInvalid: One came without the other.
    """
    encrypted_data, iv = read_header(scope, "x-wx-encrypted-data"), read_header(scope, "x-wx-iv")
    if not encrypted_data and not iv:
        return None
    if not encrypted_data or not iv:
        raise OpenDataInvalid
    return encrypted_data, iv


def _complete(user_info: Mapping[str, Any], openid: str) -> dict[str, Any]:
    return {"openId": openid, **_BLANK, **user_info}
