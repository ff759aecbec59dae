"""Write a line, and say it in the log."""

from __future__ import annotations

import logging

from menjin.clock import Clock, Randomness
from menjin.ledger.model import Actor, Deed, Line
from menjin.ledger.request import current_request_id
from menjin.ledger.store import LedgerStore
from menjin.values import AppId, new_id

_LOG = logging.getLogger("menjin.ledger")


class Ledger:
    """Every audit line of this installation."""

    def __init__(self, store: LedgerStore, clock: Clock, randomness: Randomness) -> None:
        self._store = store
        self._clock = clock
        self._randomness = randomness

    async def write(
        self,
        deed: Deed,
        subject_id: str,
        *,
        actor: Actor = "person",
        appid: AppId | None = None,
        tenant: str | None = None,
        reason: str | None = None,
    ) -> Line:
        """Keep a line, with the open transaction if there is one; `say` it once that is committed.

        Args:
            deed: What was done.
            subject_id: To which account, or to which identity that has none.
            actor: By whom.
            appid: In which app.
            tenant: In which division of the business.
            reason: How a session ended.

        Raises:
            StoreUnavailable: It is not kept.
        """
        now = self._clock.now()
        fresh = new_id("psn_", now, self._randomness.random_bytes(10))
        line = Line(
            at=now,
            deed=deed,
            actor=actor,
            pseudonym=await self._store.keep_pseudonym(subject_id, fresh),
            appid=appid,
            tenant=tenant,
            reason=reason,
            request_id=current_request_id(),
        )
        await self._store.add(line)
        return line

    def say(self, line: Line) -> None:
        """Log a line that is committed: names and values, one line."""
        words = [f"deed={line.deed}", f"actor={line.actor}", f"pseudonym={line.pseudonym}"]
        more = {"app": line.appid, "tenant": line.tenant, "reason": line.reason, "id": line.request_id}
        words += [f"{name}={value}" for name, value in more.items() if value is not None]
        _LOG.info("%s", " ".join(words))
