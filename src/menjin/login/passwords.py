"""A password tried against the business's directory, within the limits."""

from __future__ import annotations

from menjin.accounts.directory import Directory, FindsByPhone, Member
from menjin.accounts.flow import Accounts
from menjin.accounts.phone import Phone
from menjin.apps import Apps
from menjin.errors import CredentialsInvalid, Fault, RequestInvalid, StoreUnavailable
from menjin.limits.flow import Limits
from menjin.sessions.model import Subject
from menjin.values import Secret, is_text


class Passwords:
    """Every question to the directory leads through here."""

    def __init__(self, directory: Directory | None, limits: Limits, accounts: Accounts, apps: Apps) -> None:
        self._directory = directory
        self._limits = limits
        self._accounts = accounts
        self._apps = apps

    @property
    def has_directory(self) -> bool:
        """Whether there is one to ask."""
        return self._directory is not None

    async def find_by_phone(self, phone: Phone) -> Member | None:
        """Return whom the directory knows by a number; None if nobody, or if it knows no numbers.

        Raises:
            StoreUnavailable: The directory cannot be asked.
        """
        directory: object = self._directory
        return await directory.find_by_phone(phone.e164) if isinstance(directory, FindsByPhone) else None

    async def verify(
        self, subject: Subject, username: str, password: Secret, *, only: str | None = None, phone: Phone | None = None
    ) -> Member:
        """Return the member that username and password prove; a right password does not count as an attempt.

        Args:
            subject: Who tries.
            username: As typed.
            password: As typed.
            only: The one external_id that will do; another member's right password is as good as a wrong one.
            phone: The number verified in this session lately. It is asked for when this name has seen too many wrong
                passwords, and must be the member's if theirs is known: so those who try them stay outside, and
                the member gets in.

        Raises:
            CredentialsInvalid: Name or password is wrong; which, is not said.
            TooManyAttempts: It was not tried, whether the name exists or not.
            VerifiedPhoneRequired: It was not tried; verify a number first.
            RequestInvalid: This installation has no directory.
            StoreUnavailable: The directory or the counters cannot be asked.
        """
        if self._directory is None:
            raise RequestInvalid(Fault("method", "this installation has no directory to ask"))
        if not is_text(username) or not is_text(password.reveal()):
            raise CredentialsInvalid  # a library's caller may hand on whatever a client sent
        number = phone.e164 if phone is not None else None
        attempt = await self._limits.begin_password(subject.appid, subject.openid, username, number)
        try:
            member = await self._directory.verify_password(username, password)
            if member is not None and attempt.needs_phone and not await self._has_phone(subject, member, phone):
                member = None
        except StoreUnavailable:
            await self._limits.take_back(attempt)
            raise
        if member is None or only not in {None, member.external_id}:
            raise CredentialsInvalid
        await self._limits.take_back(attempt)
        return member

    async def _has_phone(self, subject: Subject, member: Member, phone: Phone | None) -> bool:
        """Whether nothing is known that speaks against the number being the member's."""
        account = await self._accounts.find_account_by_external_id(self._apps.get(subject.appid), member.external_id)
        if phone is None:
            return False
        if account is not None and account.phone is not None:
            return account.phone == phone
        known = await self.find_by_phone(phone)
        return known is None or known.external_id == member.external_id
