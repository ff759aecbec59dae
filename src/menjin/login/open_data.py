"""Open what WeChat encrypted for this session's person, with the keys in hand.

A ciphertext is tried with the current key and, for ten minutes after a login, with the one before. A key
that bore too many failures is spent: WeChat is asked at once to replace it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from menjin.apps import Apps
from menjin.clock import Clock
from menjin.errors import BindingRequired, MenjinError, StaleSessionKey
from menjin.login.beside import ShownUserInfo
from menjin.login.events import Event, Listener
from menjin.login.in_turn import InTurn
from menjin.login.opened import to_opened
from menjin.login.results import OpenedData, PhoneNumber
from menjin.login.unionids import UnionIds
from menjin.session_keys.flow import Keys, SessionKeys
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Session
from menjin.values import AppId, OpenId, Secret, SessionId, parse_unionid
from menjin.wechat.authorised import AuthorisedWeChat
from menjin.wechat.open_data_kinds import OpenDataKind
from menjin.wechat.opendata import Ciphertext, Expected, open_ciphertext, parse_ciphertext
from menjin.wechat.raw_data import open_raw_data

_LOG = logging.getLogger("menjin.session_keys")
# App, person, and the session a ciphertext is used in.
Asker = tuple[AppId, OpenId, SessionId]


class OpenData:
    """The deed, for every kind of open data."""

    def __init__(
        self,
        *,
        apps: Apps,
        unionids: UnionIds,
        session_keys: SessionKeys,
        sessions: Sessions,
        wechat: AuthorisedWeChat,
        clock: Clock,
        listener: Listener,
        in_turn: InTurn,
    ) -> None:
        self._apps = apps
        self._unionids = unionids
        self._session_keys = session_keys
        self._sessions = sessions
        self._wechat = wechat
        self._clock = clock
        self._listener = listener
        self._in_turn = in_turn

    async def open(
        self,
        session_token: Secret,
        kind: OpenDataKind,
        encrypted: tuple[str, str] | None = None,
        signed: tuple[str, str] | None = None,
    ) -> OpenedData:
        """Return the data; where both forms are given, both must hold.

        Args:
            session_token: Whose data it is.
            kind: Which kind, any but `phone`; a ciphertext of another kind does not open.
            encrypted: encrypted_data and iv, as wx gave them.
            signed: raw_data and signature of user info, as wx gave them.

        Raises:
            BindingRequired: The session has no account: it can do nothing but bind.
            OpenDataInvalid: The ciphertext is not well-formed.
            StaleSessionKey: It does not open, or the signature does not verify.
            SessionInvalid: The session is not alive.
            StoreUnavailable: Nothing was done.
        """
        session = await self._sessions.authenticate(session_token)
        if session.subject.account is None:
            raise BindingRequired
        payload = await self._open(_to_asker(session), kind, encrypted, signed)
        await self._note_unionid(session, payload)
        self._tell(session)
        return to_opened(kind, payload)

    async def open_at_login(self, asker: Asker, shown: ShownUserInfo) -> Mapping[str, Any]:
        """Return user info that came beside a login_code, before there is a session; no account is asked for.

        Args:
            asker: App and person of the login, whose key is in the keyring; for the session, what names this login.
            shown: As the client sent it.

        Raises:
            OpenDataInvalid: The ciphertext is not well-formed.
            StaleSessionKey: It does not open, or the signature does not verify.
            StoreUnavailable: Nothing was done.
        """
        return await self._open(asker, "user_info", shown.encrypted, shown.signed)

    async def note_at_login(self, session: Session, payload: Mapping[str, Any]) -> OpenedData:
        """Return what `open_at_login` gave, for the session that was made; a unionid in it is recorded if it can be."""
        try:
            await self._note_unionid(session, payload)
        except MenjinError as error:  # the login stands; the unionid shows up again
            _LOG.warning("the unionid of user info was not recorded: %s app=%s", error.code, session.subject.appid)
        self._tell(session)
        return to_opened("user_info", payload)

    async def phone(self, session_token: Secret, encrypted_data: str, iv: str) -> PhoneNumber:
        """Return the phone number of a ciphertext: for showing, never proof enough to bind.

        With an iv of one's choosing the first block of a CBC plaintext can be forged, so this number may be
        shown and filled into forms, no more.

        Raises:
            OpenDataInvalid: The ciphertext is not well-formed.
            StaleSessionKey: It does not open.
            SessionInvalid: The session is not alive.
            StoreUnavailable: Nothing was done.
        """
        session = await self._sessions.authenticate(session_token)
        payload = await self._open(_to_asker(session), "phone", (encrypted_data, iv), None)
        self._tell(session)
        country, national = str(payload["countryCode"]), payload["purePhoneNumber"]
        return PhoneNumber(f"+{country}{national}", country, national)

    async def _open(
        self, asker: Asker, kind: OpenDataKind, encrypted: tuple[str, str] | None, signed: tuple[str, str] | None
    ) -> Mapping[str, Any]:
        # What is malformed is told before any key is used.
        ciphertext = parse_ciphertext(*encrypted) if encrypted is not None else None
        payload: Mapping[str, Any] = {}
        if signed is not None:
            payload = await self._verify(asker, *signed)
        if encrypted is not None and ciphertext is not None:
            payload = await self._decrypt(asker, kind, encrypted, ciphertext)
        return payload

    async def _verify(self, asker: Asker, raw_data: str, signature: str) -> Mapping[str, Any]:
        appid, openid, _ = asker

        def attempt(key: Secret) -> Mapping[str, Any]:
            return open_raw_data(raw_data, signature, key)

        async def deed(keys: Keys) -> Mapping[str, Any]:
            return await self._session_keys.try_keys(appid, openid, attempt, keys)

        return await self._try(appid, openid, deed)

    async def _decrypt(
        self, asker: Asker, kind: OpenDataKind, encrypted: tuple[str, str], ciphertext: Ciphertext
    ) -> Mapping[str, Any]:
        (appid, openid, _), (encrypted_data, iv) = asker, encrypted
        expected = Expected(kind, appid, openid, self._clock.now())

        def attempt(key: Secret) -> Mapping[str, Any]:
            return open_ciphertext(ciphertext, key, expected)

        async def deed(keys: Keys) -> Mapping[str, Any]:
            return await self._session_keys.open_once(asker, encrypted_data, (kind, iv), attempt, keys)

        return await self._try(appid, openid, deed)

    async def _try(
        self, appid: AppId, openid: OpenId, deed: Callable[[Keys], Awaitable[Mapping[str, Any]]]
    ) -> Mapping[str, Any]:
        """Try the keys in hand at this moment, in this person's turn."""
        try:
            keys = await self._session_keys.usable(appid, openid)
            return await self._in_turn.run(appid, openid, lambda: deed(keys))
        except StaleSessionKey:
            await self._replace_spent(appid, openid)
            raise

    async def _replace_spent(self, appid: AppId, openid: OpenId) -> None:
        """Ask WeChat to replace the key if it bore too many failures; nobody waits for more than that."""
        spent = await self._session_keys.claim_spent(appid, openid)
        if spent is None:
            return
        began_at = self._clock.now()
        try:
            new = await self._wechat.reset_session_key(self._apps.get(appid), openid, spent)
        except MenjinError as error:
            _LOG.warning("a spent session_key was not replaced: %s app=%s", error.code, appid)
            return
        if new is not None:
            await self._session_keys.take_in(appid, openid, new, began_at)

    async def _note_unionid(self, session: Session, payload: Mapping[str, Any]) -> None:
        """Record a unionid; the schema saw to it that it stands beside this session's openid."""
        if "unionId" not in payload:
            return
        await self._unionids.note(session, parse_unionid(payload["unionId"]), "user_data")

    def _tell(self, session: Session) -> None:
        self._listener.hear(Event.of("data_opened", session))


def _to_asker(session: Session) -> Asker:
    return session.subject.appid, session.subject.openid, session.session_id
