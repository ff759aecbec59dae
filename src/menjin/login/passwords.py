"""A password tried against the business's directory, within the limits."""

from __future__ import annotations

from menjin.accounts.directory import Directory, Member
from menjin.errors import CredentialsInvalid, Fault, RequestInvalid, StoreUnavailable
from menjin.limits.flow import Limits
from menjin.sessions.model import Subject
from menjin.values import Secret


class Passwords:
    """Every way to try a password leads through here."""

    def __init__(self, directory: Directory | None, limits: Limits) -> None:
        self._directory = directory
        self._limits = limits

    async def verify(self, subject: Subject, username: str, password: Secret, only: str | None = None) -> Member:
        """Return the member that username and password prove; a right password does not count as an attempt.

        Args:
            subject: Who tries.
            username: As typed.
            password: As typed.
            only: The one external_id that will do; another member's right password is as good as a wrong one.

        Raises:
            CredentialsInvalid: Name or password is wrong; which, is not said.
            TooManyAttempts: It was not tried, whether the name exists or not.
            RequestInvalid: This installation has no directory.
            StoreUnavailable: The directory or the counters cannot be asked.
        """
        if self._directory is None:
            raise RequestInvalid(Fault("method", "this installation has no directory to ask"))
        attempt = await self._limits.begin_password(subject.appid, subject.openid, username)
        try:
            member = await self._directory.verify_password(username, password)
        except StoreUnavailable:
            await self._limits.take_back(attempt)
            raise
        if member is None or only not in {None, member.external_id}:
            raise CredentialsInvalid
        await self._limits.take_back(attempt)
        return member
