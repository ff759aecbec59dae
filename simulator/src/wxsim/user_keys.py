"""Keys of wx.getUserCryptoManager: known to the phone and to the app's server.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/user-encryption.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxsim.models import EncryptKey

if TYPE_CHECKING:
    from wxsim.dice import Dice
    from wxsim.rules import Rules

LISTED = 3


class UserKeys:
    """The last three keys of each person in each app, newest first."""

    def __init__(self, dice: Dice, rules: Rules) -> None:
        """Begin without keys."""
        self._dice = dice
        self._rules = rules
        self.keys: dict[str, list[EncryptKey]] = {}

    def latest(self, appid: str, person: str, now: float) -> EncryptKey:
        """Return the living key; make one when there is none."""
        keys = self.keys.setdefault(f"{appid}/{person}", [])
        if not keys or self.left(keys[0], now) == 0:
            key = EncryptKey(
                self._dice.key("encrypt_key", appid, person),
                keys[0].version + 1 if keys else 1,
                self._dice.hexadecimal(16, "encrypt_iv", appid, person),
                int(now),
            )
            keys.insert(0, key)
            del keys[LISTED:]
        return keys[0]

    def listed(self, appid: str, person: str) -> list[EncryptKey]:
        """Return up to three keys, the dead ones included."""
        return self.keys.get(f"{appid}/{person}", [])

    def left(self, key: EncryptKey, now: float) -> int:
        """Return how many seconds a key still lives, 0 for a dead one."""
        return max(0, int(key.create_time + self._rules.settings.encrypt_key_ttl - now))
