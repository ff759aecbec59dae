"""What a session proved a moment ago: a verified number, and the ticket that carries on a binding.

A phone_code is paid for at the tap and good once, so the number it gave is remembered for the session; and a
binding that met a conflict goes on by a ticket, never by an id that the client sends.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from menjin.accounts.phone import Phone, parse_phone
from menjin.binding_errors import BindTicketInvalid
from menjin.clock import Clock, Randomness
from menjin.errors import BindChoice
from menjin.values import Secret, SessionId

KEPT = timedelta(minutes=10)
_TICKET_BYTES = 24


class ProofStore(Protocol):
    """Keeps short-lived texts by name. Every method raises StoreUnavailable when it cannot be asked."""

    async def put(self, name: str, text: str, until: datetime) -> None:
        """Keep a text, in place of the one of the same name."""
        ...

    async def find(self, name: str, now: datetime) -> str | None:
        """Return the text of a name, or None."""
        ...

    async def take(self, name: str, now: datetime) -> bool:
        """Forget a text; False if it was not there any more: of many who take it, one succeeds."""
        ...

    async def purge_proofs(self, now: datetime) -> int:
        """Forget what is past its end; return how many."""
        ...


@dataclass(frozen=True, slots=True)
class BindTicket:
    """A binding that waits for the person's word.

    Attributes:
        phone: The number that was verified; None if a password was.
        external_id: The member whose password it takes to go on, where that is a choice.
        choices: What the person was offered.
    """

    phone: Phone | None
    external_id: str | None
    choices: tuple[BindChoice, ...]


class _Written(msgspec.Struct, frozen=True):
    session_id: str
    choices: tuple[BindChoice, ...]
    phone: str | None = None
    external_id: str | None = None


class Proofs:
    """Every proof of this installation."""

    def __init__(self, store: ProofStore, clock: Clock, randomness: Randomness) -> None:
        self._store = store
        self._clock = clock
        self._randomness = randomness

    async def remember_phone(self, session_id: SessionId, phone: Phone) -> None:
        """Remember a number that WeChat said is this session's person's."""
        await self._store.put(_hash("phone", session_id), phone.to_text(), self._clock.now() + KEPT)

    async def find_phone(self, session_id: SessionId) -> Phone | None:
        """Return the number verified in this session in the last ten minutes."""
        text = await self._store.find(_hash("phone", session_id), self._clock.now())
        return parse_phone(text) if text is not None else None

    async def make_ticket(self, session_id: SessionId, ticket: BindTicket) -> Secret:
        """Keep a ticket; return its name, which only this session's holder may use."""
        name = "mjb_" + base64.urlsafe_b64encode(self._randomness.random_bytes(_TICKET_BYTES)).decode()
        phone = ticket.phone.to_text() if ticket.phone is not None else None
        text = msgspec.json.encode(_Written(session_id, ticket.choices, phone, ticket.external_id)).decode()
        await self._store.put(_hash("ticket", name), text, self._clock.now() + KEPT)
        return Secret(name)

    async def find_ticket(self, session_id: SessionId, name: Secret, choice: BindChoice) -> BindTicket:
        """Return a ticket that offered `choice`; it stays good until it is taken.

        Raises:
            BindTicketInvalid: There is none of this session that did.
        """
        text = await self._store.find(_hash("ticket", name.reveal()), self._clock.now())
        if text is None:
            raise BindTicketInvalid
        written = msgspec.json.decode(text, type=_Written)
        if written.session_id != session_id or choice not in written.choices:
            raise BindTicketInvalid
        phone = parse_phone(written.phone) if written.phone is not None else None
        return BindTicket(phone, written.external_id, written.choices)

    async def take_ticket(self, name: Secret) -> None:
        """Use a ticket up.

        Raises:
            BindTicketInvalid: Somebody did so before.
        """
        if not await self._store.take(_hash("ticket", name.reveal()), self._clock.now()):
            raise BindTicketInvalid

    async def purge(self) -> int:
        """Forget what is past its end; return how many."""
        return await self._store.purge_proofs(self._clock.now())


def _hash(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}/{text}".encode("utf-8", "surrogatepass")).hexdigest()
