"""Bind: the WeChat identity of a session joins an account the business already has, or leaves it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from menjin.accounts.binding import Shown
from menjin.accounts.bindings import Proved
from menjin.accounts.directory import Member
from menjin.accounts.flow import Accounts
from menjin.accounts.model import Bound
from menjin.accounts.phone import Phone
from menjin.apps import Apps
from menjin.binding_errors import VerifiedPhoneRequired
from menjin.clock import Clock
from menjin.errors import BindChoice, BindingConflict
from menjin.limits.flow import Limits
from menjin.login.passwords import Passwords
from menjin.login.phone import Phone as Phones
from menjin.login.proofs import BindTicket, Proofs
from menjin.login.rebinding import Rebinding
from menjin.login.results import SignedIn
from menjin.sessions.flow import Sessions
from menjin.sessions.model import Session
from menjin.values import Secret

STEPPED_UP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A binding that somebody asks for."""

    session_token: Secret
    session: Session
    bind_ticket: Secret | None
    phone: Phone | None
    member: Member | None


class Bind:
    """The deeds. Whose the session is comes from its token alone, never from an id that the client sends."""

    def __init__(
        self,
        *,
        apps: Apps,
        passwords: Passwords,
        phones: Phones,
        proofs: Proofs,
        accounts: Accounts,
        sessions: Sessions,
        rebinding: Rebinding,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._apps = apps
        self._passwords = passwords
        self._phones = phones
        self._proofs = proofs
        self._accounts = accounts
        self._sessions = sessions
        self._rebinding = rebinding
        self._limits = limits
        self._clock = clock

    async def by_password(
        self, session_token: Secret, username: str, password: Secret, bind_ticket: Secret | None = None
    ) -> SignedIn:
        """Bind to the directory member that username and password prove.

        Binding once more to the same member is no fault.

        Args:
            session_token: Whose identity it is.
            username: As typed.
            password: As typed.
            bind_ticket: Of a conflict that offered `move_with_password`: leave the present account for the member's.

        Raises:
            CredentialsInvalid: Name or password is wrong, or not of the account the ticket speaks of.
            TooManyAttempts: The password was not tried: too many wrong ones before.
            VerifiedPhoneRequired: The same, whoever tried them; verify a number, then try again.
            BindingConflict: One of the two is bound otherwise; nothing was changed.
            BindTicketInvalid: It is not good any more.
            StepUpRequired: To leave an account takes a fresh proof.
            RequestInvalid: This installation has no directory.
            SessionInvalid: The session is not alive.
            StoreUnavailable: If after the commit, the same call again completes it.
        """
        session = await self._sessions.authenticate(session_token)
        app, openid = self._apps.get(session.subject.appid), session.subject.openid
        ticket = None
        if bind_ticket is not None:
            ticket = await self._proofs.find_ticket(session.session_id, bind_ticket, "move_with_password")
        only = ticket.external_id if ticket is not None else None
        phone = await self._phones.find_verified(session)
        member = await self._passwords.verify(session.subject, username, password, only=only, phone=phone)
        stepped_up, bindings = self._is_stepped_up(session), self._accounts.bindings
        if ticket is not None and ticket.phone is not None:
            proved = Proved(ticket.phone, member, member.external_id, stepped_up, is_confirmed=True)
            attempt = _Attempt(session_token, session, bind_ticket, ticket.phone, member)
            return await self._run(attempt, lambda: bindings.by_phone(app, openid, proved))
        shown = Shown(is_member=True, is_stepped_up=stepped_up, is_confirmed=ticket is not None)
        attempt = _Attempt(session_token, session, bind_ticket, None, member)
        return await self._run(attempt, lambda: bindings.by_member(app, openid, member, shown))

    async def by_phone(
        self,
        session_token: Secret,
        phone_code: str | None = None,
        encrypted: tuple[str, str] | None = None,
        bind_ticket: Secret | None = None,
    ) -> SignedIn:
        """Bind by a phone number on WeChat's word.

        Args:
            session_token: Whose identity it is.
            phone_code: Of the phone button.
            encrypted: encrypted_data and iv instead; WeChat is asked whether it made them.
            bind_ticket: Of a conflict that offered `confirm`; with neither code nor ciphertext. With none of the three
                the number counts that was verified in this session in the last ten minutes.

        Raises:
            PhoneCodeInvalid: WeChat does not know the code for this person.
            StaleSessionKey: The ciphertext does not open, or WeChat does not vouch for it.
            OpenDataInvalid: The ciphertext is not well-formed.
            BindingConflict: Somebody else has the number; nothing was changed.
            AccountNotFound: Nobody has it, and a session without an account has nothing to give it to.
            BindTicketInvalid: It is not good any more.
            StepUpRequired: To change a number takes a fresh proof.
            VerifiedPhoneRequired: No number was verified in this session lately.
            TooManyAttempts: The person binds far too often; neither WeChat nor the directory was asked.
            SessionInvalid: The session is not alive.
            WeChatError: WeChat refused; TransportError: it did not answer.
            StoreUnavailable: If after the commit, the same call again completes it.
        """
        session = await self._sessions.authenticate(session_token)
        app, openid = self._apps.get(session.subject.appid), session.subject.openid
        phone = await self._find_phone(session_token, session, phone_code, encrypted, bind_ticket)
        member = await self._passwords.find_by_phone(phone)
        stepped_up = self._is_stepped_up(session)
        proved = Proved(phone, member, is_stepped_up=stepped_up, is_confirmed=bind_ticket is not None)
        attempt = _Attempt(session_token, session, bind_ticket, phone, member)
        return await self._run(attempt, lambda: self._accounts.bindings.by_phone(app, openid, proved))

    async def at_sign_in(self, signed_in: SignedIn, phone_code: str) -> SignedIn:
        """Bind whoever just signed in by the phone_code that came along, as `by_phone` would right after.

        A conflict makes no ticket here: the number is remembered, and `by_phone` without a code makes one.
        A number that is the account's already changes nothing, neither the token nor other sessions.

        Raises:
            MenjinError: What `by_phone` raises.
        """
        session = signed_in.session
        phone = await self._phones.verify_code(session, phone_code)
        app, subject = self._apps.get(session.subject.appid), session.subject
        own = await self._accounts.find_account(subject.account.id) if subject.account is not None else None
        if own is not None and own.phone == phone:
            return signed_in
        member = await self._passwords.find_by_phone(phone)
        proved = Proved(phone, member, is_stepped_up=self._is_stepped_up(session))

        async def change() -> Bound:
            return await self._accounts.bindings.by_phone(app, subject.openid, proved)

        bound = await self._rebinding.run(signed_in.session_token, session, change)
        return replace(bound, is_new=bound.is_new or signed_in.is_new)

    async def undo(self, session_token: Secret) -> SignedIn:
        """Part the session's identity and its account; the session stays, without an account.

        Raises:
            BindingRequired: It has none.
            StepUpRequired: The last proof of who the person is is older than ten minutes.
            LastWayIn: Nobody could reach the account any more.
            SessionInvalid: The session is not alive.
            StoreUnavailable: If after the commit, other sessions may live still: log in and look.
        """
        session = await self._sessions.authenticate(session_token)
        app, stepped_up = self._apps.get(session.subject.appid), self._is_stepped_up(session)

        async def part() -> Bound:
            return await self._accounts.bindings.undo(app, session.subject.openid, is_stepped_up=stepped_up)

        return await self._rebinding.run(session_token, session, part)

    async def _find_phone(
        self,
        session_token: Secret,
        session: Session,
        phone_code: str | None,
        encrypted: tuple[str, str] | None,
        bind_ticket: Secret | None,
    ) -> Phone:
        if phone_code is None:  # those are counted as such
            await self._limits.count_phone_binding(session.subject.appid, session.subject.openid)
        if bind_ticket is not None:
            ticket = await self._proofs.find_ticket(session.session_id, bind_ticket, "confirm")
            phone = ticket.phone
        elif phone_code is not None:
            phone = await self._phones.verify_code(session, phone_code)
        elif encrypted is not None:
            phone = await self._phones.verify_ciphertext(session_token, session, encrypted)
        else:
            phone = await self._phones.find_verified(session)
        if phone is None:
            raise VerifiedPhoneRequired
        return phone

    async def _run(self, attempt: _Attempt, change: Callable[[], Coroutine[Any, Any, Bound]]) -> SignedIn:
        """Make a change and use up its ticket, both or neither; a conflict gets a ticket to go on by."""

        async def whole() -> Bound:
            bound = await change()
            if attempt.bind_ticket is not None:
                await self._proofs.take_ticket(attempt.bind_ticket)
            return bound

        try:
            return await self._rebinding.run(attempt.session_token, attempt.session, whole)
        except BindingConflict as conflict:
            choices = conflict.choices
        raise BindingConflict(*await self._offer(attempt, choices))

    async def _offer(
        self, attempt: _Attempt, choices: tuple[BindChoice, ...]
    ) -> tuple[tuple[BindChoice, ...], Secret | None]:
        """Return what the person may choose here, and the ticket for it."""
        if not self._passwords.has_directory:
            choices = tuple(choice for choice in choices if choice != "move_with_password")
        if not {"confirm", "move_with_password"} & set(choices):
            return choices, None
        member = attempt.member
        external_id = member.external_id if member is not None else None
        if attempt.phone is not None:
            app = self._apps.get(attempt.session.subject.appid)
            external_id = await self._accounts.bindings.find_external_id(app, attempt.phone, member)
        ticket = BindTicket(attempt.phone, external_id, choices)
        return choices, await self._proofs.make_ticket(attempt.session.session_id, ticket)

    def _is_stepped_up(self, session: Session) -> bool:
        return self._clock.now() - session.authenticated_at <= STEPPED_UP
