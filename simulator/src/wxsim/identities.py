"""Who somebody is to an app: openid, unionid and a plugin's openpid.

All three follow from the seed and the names alone, so they survive a restart
and do not depend on the order of calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wxsim.dice import Dice


class Identities:
    """Ids of people, made when first asked for."""

    def __init__(self, dice: Dice) -> None:
        """Derive ids from ``dice``."""
        self._dice = dice
        self._openids: dict[tuple[str, str], str] = {}
        self._people: dict[tuple[str, str], str] = {}

    def openid(self, appid: str, person: str) -> str:
        """Return the person's id within one app: 28 characters, first ``o``."""
        found = self._openids.get((appid, person))
        if found is None:
            found = self._dice.public_id("o", "openid", appid, person)
            self._openids[appid, person] = found
            self._people[appid, found] = person
        return found

    def unionid(self, open_platform: str, person: str) -> str:
        """Return the person's id across the apps of one Open Platform account."""
        return self._dice.public_id("o", "unionid", open_platform, person)

    def openpid(self, appid: str, plugin: str, person: str) -> str:
        """Return the person's id for one plugin in one host app, first ``G``."""
        return self._dice.public_id("G", "openpid", appid, plugin, person)

    def person(self, appid: str, openid: str, people: Iterable[str]) -> str | None:
        """Return whose openid this is, or None.

        Args:
            appid: the app that asks.
            openid: the id in question.
            people: everybody it could be.
        """
        found = self._people.get((appid, openid))
        if found is None:
            for name in people:
                self.openid(appid, name)
            found = self._people.get((appid, openid))
        return found
