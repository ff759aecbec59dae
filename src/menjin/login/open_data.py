"""Open what WeChat encrypted for this session's person, with the keys in hand.

A ciphertext is tried with the current key and, for ten minutes after a login, with the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from menjin.accounts.flow import Accounts
from menjin.apps import Apps
from menjin.clock import Clock
from menjin.errors import StaleSessionKey
from menjin.login.events import Event, Listener
from menjin.login.results import OpenedData, PhoneNumber
from menjin.session_keys.flow import SessionKeys
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Session, Subject
from menjin.values import Secret, parse_unionid
from menjin.wechat.open_data_kinds import OpenDataKind
from menjin.wechat.opendata import Expected, open_ciphertext, parse_ciphertext
from menjin.wechat.raw_data import open_raw_data

_NOT_FOR_CLIENTS = frozenset({"openId", "unionId", "watermark"})


class OpenData:
    """The deed, for user info and for a phone number."""

    def __init__(
        self,
        *,
        apps: Apps,
        accounts: Accounts,
        session_keys: SessionKeys,
        sessions: Sessions,
        clock: Clock,
        listener: Listener,
    ) -> None:
        self._apps = apps
        self._accounts = accounts
        self._session_keys = session_keys
        self._sessions = sessions
        self._clock = clock
        self._listener = listener

    async def user_info(
        self,
        session_token: Secret,
        encrypted: tuple[str, str] | None = None,
        signed: tuple[str, str] | None = None,
    ) -> OpenedData:
        """Return the user info; where both forms are given, both must hold.

        Args:
            session_token: Whose data it is.
            encrypted: encrypted_data and iv, as wx gave them.
            signed: raw_data and signature, as wx gave them.

        Raises:
            OpenDataInvalid: The ciphertext is not well-formed.
            StaleSessionKey: It does not open, or the signature does not verify.
            SessionInvalid: The session is not alive.
            StoreUnavailable: Nothing was done.
        """
        session = await self._sessions.authenticate(session_token)
        payload: Mapping[str, Any] = {}
        if signed is not None:
            raw_data, signature = signed
            payload = await self._try_keys(session.subject, lambda key: open_raw_data(raw_data, signature, key))
        if encrypted is not None:
            payload = await self._decrypt(session.subject, "user_info", *encrypted)
            await self._note_unionid(session, payload)
        self._tell(session)
        return OpenedData({name: value for name, value in payload.items() if name not in _NOT_FOR_CLIENTS})

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
        payload = await self._decrypt(session.subject, "phone", encrypted_data, iv)
        self._tell(session)
        country, national = str(payload["countryCode"]), payload["purePhoneNumber"]
        return PhoneNumber(f"+{country}{national}", country, national)

    async def _decrypt(self, subject: Subject, kind: OpenDataKind, encrypted_data: str, iv: str) -> Mapping[str, Any]:
        ciphertext = parse_ciphertext(encrypted_data, iv)
        expected = Expected(kind, subject.appid, subject.openid, self._clock.now())
        return await self._try_keys(subject, lambda key: open_ciphertext(ciphertext, key, expected))

    async def _try_keys(self, subject: Subject, attempt: Callable[[Secret], Mapping[str, Any]]) -> Mapping[str, Any]:
        for key in await self._session_keys.usable(subject.appid, subject.openid):
            try:
                return attempt(key)
            except StaleSessionKey:
                continue
        raise StaleSessionKey

    async def _note_unionid(self, session: Session, payload: Mapping[str, Any]) -> None:
        """Record a unionid; the schema saw to it that it stands beside this session's openid."""
        if "unionId" not in payload:
            return
        app = self._apps.get(session.subject.appid)
        unionid = parse_unionid(payload["unionId"])
        resolved = await self._accounts.record_unionid(app, session.subject.openid, unionid)
        if resolved is not None and resolved.conflict:
            self._tell(session, "unionid_conflict")

    def _tell(self, session: Session, name: str = "data_opened") -> None:
        subject = session.subject
        self._listener.hear(Event(name, subject.appid, session.session_id, subject.identity_id))
