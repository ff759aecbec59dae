"""Open data on its way to an app: sealed with the session_key of the moment.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from wxsim import crypto
from wxsim.models import SealedMessage
from wxsim.shelf import Shelf

if TYPE_CHECKING:
    from wxsim.dice import Dice
    from wxsim.rules import Rules


class OpenMessages:
    """Seals open data and remembers the phone messages it has sealed."""

    def __init__(self, dice: Dice, rules: Rules) -> None:
        """Begin without messages."""
        self._dice = dice
        self._rules = rules
        self.known: Shelf[SealedMessage] = Shelf()

    def seal(self, session_key: str, appid: str, data: dict[str, object], now: float) -> dict[str, str]:
        """Return ``encryptedData`` and ``iv`` of ``data`` with its watermark.

        Args:
            session_key: the person's key in this app at this moment.
            appid: the app the data is for.
            data: the fields, without watermark.
            now: Unix seconds.
        """
        marked = {**data, "watermark": {"timestamp": int(now), "appid": appid}}
        iv = self._dice.draw("iv", appid)[: crypto.BLOCK]
        sealed = crypto.seal(session_key, iv, msgspec.json.encode(marked))
        return {"encryptedData": sealed, "iv": base64.b64encode(iv).decode()}

    def remember(self, appid: str, encrypted_data: str, now: float) -> None:
        """Remember a phone message, so that WeChat can vouch for it."""
        self.known.sweep(now)
        key = crypto.encrypted_msg_hash(encrypted_data)
        until = now + self._rules.settings.encrypted_msg_memory
        self.known.put(key, SealedMessage(appid, now), until)

    def find(self, appid: str, digest: str, now: float) -> SealedMessage | None:
        """Return the message of this hash, if WeChat still vouches for it."""
        found = self.known.get(digest)
        if found is None or not self._rules.message_fits(found.appid, appid):
            return None
        return found if self._rules.message_in_time(found.created_at, now) else None
