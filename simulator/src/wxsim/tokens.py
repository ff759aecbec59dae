"""access_tokens: the legacy call, the stable call, and how long each lives.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/
(api_getaccesstoken and api_getstableaccesstoken).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wxsim.errcodes import Refusal
from wxsim.models import Token, TokenKind
from wxsim.shelf import Shelf

if TYPE_CHECKING:
    from wxsim.dice import Dice
    from wxsim.rules import Rules

REMEMBERED = 86_400.0
SHAPE = re.compile(r"[0-9]+_[A-Za-z0-9_-]{10,}")


class Tokens:
    """Every token still remembered, and the newest of each app and kind."""

    def __init__(self, dice: Dice, rules: Rules) -> None:
        """Begin without tokens."""
        self._dice = dice
        self._rules = rules
        self.known: Shelf[Token] = Shelf()
        self.newest: dict[str, str] = {}
        self.forced: dict[str, tuple[float, int, int]] = {}
        self._living: dict[str, list[Token]] = {}

    def legacy(self, appid: str, now: float) -> tuple[str, Token]:
        """Issue a new token; the one before works on for a grace period."""
        return self._issue("legacy", appid, now, self._rules.legacy_grace_end(now))

    def stable(self, appid: str, now: float) -> tuple[str, Token]:
        """Return the token in force, or a new one shortly before its end."""
        text, token = self._current("stable", appid, now)
        if token is not None and not self._rules.stable_is_due(token, now):
            return text, token
        return self._issue("stable", appid, now, None)

    def force(self, appid: str, now: float) -> tuple[str, Token]:
        """Replace the stable token at once, if spacing and quota allow.

        Raises:
            Refusal: 45009, too early or too many, where so set.
        """
        last, day, count = self.forced.get(appid, (None, -1, 0))
        today = self._rules.day_of(now)
        count = count if day == today else 0
        if not self._rules.force_allowed(last, count, now):
            if self._rules.settings.force_refused == "45009":
                raise Refusal(45009)
            return self.stable(appid, now)
        self.forced[appid] = (now, today, count + 1)
        return self._issue("stable", appid, now, self._rules.forced_grace_end(now))

    def check(self, text: str, now: float) -> Token:
        """Return the token behind a text.

        Raises:
            Refusal: 40014 malformed, 40001 unknown or replaced, 42001 expired.
        """
        token = self.known.get(text)
        if token is None:
            raise Refusal(40001 if SHAPE.fullmatch(text) else 40014)
        if self._rules.token_replaced(token, now):
            raise Refusal(40001)
        if self._rules.token_expired(token, now):
            raise Refusal(42001)
        return token

    def _current(self, kind: TokenKind, appid: str, now: float) -> tuple[str, Token | None]:
        text = self.newest.get(f"{kind}/{appid}", "")
        token = self.known.get(text)
        dead = token is None or now >= token.expires_at
        return text, None if dead else token

    def _issue(self, kind: TokenKind, appid: str, now: float, grace_end: float | None) -> tuple[str, Token]:
        settings = self._rules.settings
        living = [old for old in self._living.get(appid, ()) if now < old.expires_at]
        for old in living:
            if grace_end is not None and self._rules.call_replaces(kind, old.kind):
                old.dies_at = min(old.dies_at, grace_end)
        number = self._dice.draw("token number", appid)[0] % 90 + 10
        length = settings.access_token_length - 3
        text = f"{number}_{self._dice.long_word(length, 'token', kind, appid)}"
        end = now + settings.access_token_ttl
        token = Token(appid, kind, now, end, end + REMEMBERED)
        self.known.sweep(now)
        self.known.put(text, token, end + REMEMBERED)
        self.newest[f"{kind}/{appid}"] = text
        self._living[appid] = [*living, token]
        return text, token

    def load(self, entries: list[tuple[str, Token, float]]) -> None:
        """Take back the tokens of a saved world."""
        for text, token, until in entries:
            self.known.put(text, token, until)
            self._living.setdefault(token.appid, []).append(token)
