"""Open data for the mini program: the encrypted half of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wxsim.phone.hand import Answer, Hand


def sealed(hand: Hand, data: dict[str, object], *, vouched: bool = False) -> Answer:
    """Return encryptedData, iv and cloudID, or nothing without a living session_key.

    Args:
        hand: the call.
        data: the fields to seal, without watermark.
        vouched: whether checkencryptedmsg shall know the message.
    """
    key = hand.key()
    if key is None:
        return {}
    messages, appid = hand.state.open_messages, hand.app.appid
    fields = messages.seal(key.value, appid, data, hand.now)
    if vouched:
        messages.remember(appid, fields["encryptedData"], hand.now)
    cloud_id = f"{int(hand.now)}_{hand.state.dice.word(40, 'cloudID', appid)}"
    return {**fields, "cloudID": cloud_id}
