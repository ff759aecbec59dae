"""One-time codes: issued on the phone, spent once by the server, then forgotten.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/login.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from wxsim.models import Code
from wxsim.shelf import Shelf

if TYPE_CHECKING:
    from wxsim.dice import Dice
    from wxsim.rules import Rules

CodeKind = Literal["login", "phone", "plugin"]
HEX_LENGTH = 64
LOGIN_LENGTH = 32


class Codes:
    """The three namespaces of codes; a code of one is unknown to the others."""

    def __init__(self, dice: Dice, rules: Rules) -> None:
        """Begin without codes."""
        self._dice = dice
        self._rules = rules
        limit = rules.settings.dead_codes_kept
        self.shelves: dict[str, Shelf[Code]] = {kind: Shelf(limit) for kind in ("login", "phone", "plugin")}

    def limit(self, most: int) -> None:
        """Remember at most ``most`` dead codes of a kind from here on."""
        for shelf in self.shelves.values():
            shelf.limit = most

    def issue(self, kind: CodeKind, appid: str, person: str, now: float, extra: str = "") -> str:
        """Issue a code and return its text.

        Args:
            kind: which namespace.
            appid: the app whose server may exchange it.
            person: whose code it is.
            now: Unix seconds.
            extra: what the exchange must know: a plugin, a phone number, a key.
        """
        if kind == "login":
            text = self._dice.word(LOGIN_LENGTH, kind, appid, person)
        else:
            text = self._dice.hexadecimal(HEX_LENGTH, kind, appid, person)
        shelf = self.shelves[kind]
        shelf.sweep(now)
        code = Code(appid, person, now, None, extra)
        shelf.put(text, code, now + self._life(kind) + self._rules.settings.dead_code_memory)
        return text

    def find(self, kind: CodeKind, text: str, now: float) -> Code | None:
        """Return a code that is still remembered, alive or dead."""
        shelf = self.shelves[kind]
        shelf.sweep(now)
        return shelf.get(text, now)

    def spend(self, kind: CodeKind, text: str, now: float) -> None:
        """Mark a code as used; it is forgotten a while after."""
        shelf = self.shelves[kind]
        code = shelf.get(text)
        if code is not None:
            code.used_at = now
            shelf.shorten(text, now + self._rules.settings.dead_code_memory)

    def _life(self, kind: CodeKind) -> float:
        settings = self._rules.settings
        if kind == "login":
            return settings.login_code_ttl
        return settings.phone_code_ttl if kind == "phone" else settings.plugin_code_ttl
