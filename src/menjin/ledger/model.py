"""An audit line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from menjin.values import AppId

Deed = Literal[
    "signed_in",
    "bound",
    "unbound",
    "phone_changed",
    "session_revoked",
    "account_disabled",
    "account_enabled",
    "access_token_read",
]
Actor = Literal["person", "operator", "service"]


@dataclass(frozen=True, slots=True)
class Line:
    """One deed, done. It names nobody: neither openid, unionid, phone, account nor session.

    Attributes:
        actor: The person themselves, an operator, or a service client.
        pseudonym: Random, the same for one account, or client, in all its lines. What it stands for is kept
            elsewhere, and can be erased there.
        tenant: The division of the business that the login named.
        reason: How a session ended; of an access_token that was read, its generation.
        request_id: Of the request that did it, as in the service's log and answers.
    """

    at: datetime
    deed: Deed
    actor: Actor
    pseudonym: str
    appid: AppId | None = None
    tenant: str | None = None
    reason: str | None = None
    request_id: str | None = None
