"""A service client, and what it may do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from menjin.values import AppId, ClientId

Scope = Literal["access_token:read", "access_token:report", "identity:assert", "session:introspect"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """A service that may ask menjin on its own behalf, not a person's.

    Attributes:
        name: For people; need not be unique.
        credential_hash: Of its credential; nothing leads back.
        appids: The apps it may name; None: all of the installation's.
        created_at: None for one that the configuration names.
        revoked_at: From when on it is refused, or None.
    """

    client_id: ClientId
    name: str
    credential_hash: str = field(repr=False)
    appids: frozenset[AppId] | None
    scopes: frozenset[Scope]
    created_at: datetime | None = None
    revoked_at: datetime | None = None

    def may(self, scope: Scope, appid: AppId | None) -> bool:
        """Whether it was given this scope, and this app (None: no app is named)."""
        return scope in self.scopes and (appid is None or self.appids is None or appid in self.appids)


def is_client_name(text: str) -> bool:
    """Whether a client may be called so."""
    return _NAME.fullmatch(text) is not None
