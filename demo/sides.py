"""What menjin, WeChat and the shop remember right now, read where it lies."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masking import fingerprint
from shop.members import Members
from watching import WatchedWorld
from wxsim import FIRST_APPID

_MICROS = 1_000_000
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Sides:
    """Looks at all of them.

    Attributes:
        world: The simulated WeChat, with the phones in it.
        database: menjin's.
        members: The shop's.
    """

    world: WatchedWorld
    database: Path
    members: Members

    def read(self, person: str) -> dict[str, object]:
        """Return what menjin, WeChat and the shop remember of a person; the page itself knows what the phone does."""
        openid = self.world.identities.openid(FIRST_APPID, person)
        found = self._menjin(openid)
        external_id = found["external_id"]
        return {
            "now": self.world.clock.now(),
            "menjin": found,
            "wechat": self._wechat(person, openid),
            "shop": self._shop(external_id if isinstance(external_id, str) else None),
        }

    def identity_of(self, person: str) -> str | None:
        """Return the id of a person's identity at menjin, or None before the first login."""
        found = self._remembered(person)["identity"]
        return found if isinstance(found, str) else None

    def is_bound(self, person: str) -> bool:
        """Say whether a person's WeChat holds a membership."""
        return self._remembered(person)["external_id"] is not None

    def has_unionid(self, person: str) -> bool:
        """Say whether menjin knows a person's unionid."""
        return self._remembered(person)["unionid"] is not None

    def count_alive(self, person: str) -> int:
        """Return how many sessions of a person are alive, among the latest."""
        sessions = self._remembered(person)["sessions"]
        return sum(not one["ended"] for one in sessions) if isinstance(sessions, list) else 0

    def _remembered(self, person: str) -> Row:
        return self._menjin(self.world.identities.openid(FIRST_APPID, person))

    def _wechat(self, person: str, openid: str) -> Row:
        now = self.world.clock.now()
        key = self.world.session_keys.alive(FIRST_APPID, person, now)
        token = self.world.tokens.newest.get(f"stable/{FIRST_APPID}", "")
        known = self.world.tokens.known.get(token) if token else None
        app, phone = self.world.app(FIRST_APPID), self.world.person(person).phone
        return {
            "openid": openid,
            "unionid": self.world.unionid(app, person),
            "session_key": fingerprint(key.value) if key else None,
            "session_key_made_at": key.made_at if key else None,
            "access_token": fingerprint(token) if known and min(known.expires_at, known.dies_at) > now else None,
            "phone": phone.number if phone else None,
            "faults": [f"{fault.name} {fault.path}" for fault in self.world.faults.active],
        }

    def _menjin(self, openid: str) -> Row:
        identity = self._one("SELECT identity_id, unionid, account_id FROM identities WHERE openid = ?", openid)
        account_id = identity.get("account_id") if identity else None
        account = self._one("SELECT account_id, external_id FROM accounts WHERE account_id = ?", account_id)
        sessions = self._all("SELECT * FROM sessions WHERE openid = ? ORDER BY issued_at DESC LIMIT 6", openid)
        return {
            "identity": identity.get("identity_id") if identity else None,
            "unionid": identity.get("unionid") if identity else None,
            "account": account.get("account_id") if account else None,
            "external_id": account.get("external_id") if account else None,
            "sessions": [self._session(row) for row in sessions],
            "session_key": self.world.keys_told.get(openid),
            "access_token": self.world.token_told or None,
        }

    def _session(self, row: dict[str, Any]) -> Row:
        now = self.world.clock.now() * _MICROS
        idle_end = row["last_seen_at"] + row["idle_micros"]
        ended = row["end_reason"] or ("expired" if min(idle_end, row["ends_at"]) <= now else None)
        return {
            "id": row["session_id"],
            "device": row["device_label"],
            "token_hash": row["token_hash"][:8],
            "ended": ended,
            "issued_at": row["issued_at"] / _MICROS,
            "ends_at": min(idle_end, row["ends_at"]) / _MICROS,
        }

    def _shop(self, external_id: str | None) -> Row:
        member = self.members.get(external_id) if external_id else None
        if member is None:
            return {"member": None}
        return {"member": member.name, "nickname": member.nickname, "orders": len(member.orders)}

    def _one(self, statement: str, value: object) -> dict[str, Any] | None:
        return next(iter(self._all(statement, value)), None)

    def _all(self, statement: str, value: object) -> list[dict[str, Any]]:
        if value is None or not self.database.exists():
            return []
        with sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True, timeout=1) as connection:
            connection.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in connection.execute(statement, (value,))]
            except sqlite3.OperationalError:  # no login yet, so no tables
                return []
            finally:
                connection.commit()
