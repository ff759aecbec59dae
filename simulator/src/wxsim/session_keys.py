"""The one session_key of each person in each app: made, rotated, extended, dead.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/login.html
and .../signature.html ("session_key validity").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxsim.models import SessionKey

if TYPE_CHECKING:
    from wxsim.dice import Dice
    from wxsim.rules import Rules


class SessionKeys:
    """Keys by app and person; devices share them."""

    def __init__(self, dice: Dice, rules: Rules) -> None:
        """Begin without keys."""
        self._dice = dice
        self._rules = rules
        self.keys: dict[str, SessionKey] = {}

    def alive(self, appid: str, person: str, now: float) -> SessionKey | None:
        """Return the current key, or None when there is none or it has expired."""
        key = self.keys.get(f"{appid}/{person}")
        return key if key is not None and self._rules.key_is_alive(key, now) else None

    def at_login(self, appid: str, person: str, now: float) -> SessionKey:
        """Return the key after an operation that makes a code; it may be new."""
        key = self.alive(appid, person, now)
        if key is None or self._rules.login_rotates_key(key, now):
            return self.rotate(appid, person, now)
        key.used_at = now
        return key

    def rotate(self, appid: str, person: str, now: float) -> SessionKey:
        """Make a new key; the old one is dead from here on."""
        value = self._dice.key("session_key", appid, person)
        key = self.keys[f"{appid}/{person}"] = SessionKey(value, now, now)
        return key

    def touch(self, appid: str, person: str, now: float) -> None:
        """Extend a living key because the person uses the mini program."""
        key = self.alive(appid, person, now)
        if key is not None and self._rules.use_extends_key():
            key.used_at = now

    def reset(self, appid: str, person: str, now: float) -> SessionKey | None:
        """Replace a living key on the server's demand; the old expiry stays."""
        old = self.alive(appid, person, now)
        if old is None:
            return None
        used_at = self._rules.reset_key_used_at(old, now)
        key = self.rotate(appid, person, now)
        key.used_at = used_at
        return key

    def expire(self, appid: str, person: str) -> None:
        """Let a key die before its time."""
        self.keys.pop(f"{appid}/{person}", None)
