"""What a login says beside its code: the tenant, user info, and what a trusted gateway knows of the person."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from menjin.apps import App
from menjin.values import AppId, OpenId, UnionId
from menjin.wechat.opendata import parse_ciphertext

_LOG = logging.getLogger("menjin.accounts")


@dataclass(frozen=True, slots=True)
class CloudIdentity:
    """Whom WeChat's own gateway says a request is from; made only where that gateway is trusted."""

    appid: AppId
    openid: OpenId
    unionid: UnionId


@dataclass(frozen=True, slots=True)
class ShownUserInfo:
    """User info as wx gave it with the login_code; where both forms are there, both must hold.

    Attributes:
        encrypted: encryptedData and iv.
        signed: rawData and signature.
    """

    encrypted: tuple[str, str] | None = None
    signed: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What a login says beside its code.

    Attributes:
        tenant: A division of the business, of those the app allows.
        cloud: What a trusted gateway knows; it adds a unionid, and never says who somebody is.
        user_info: It is opened before there is a session, and asks for no account; if it does not hold, none is made.
    """

    tenant: str | None = None
    cloud: CloudIdentity | None = None
    user_info: ShownUserInfo | None = field(default=None, repr=False)

    def check_user_info(self) -> None:
        """See that what could never open is refused before the code is spent.

        Raises:
            OpenDataInvalid: The ciphertext is not well-formed.
        """
        if self.user_info is not None and self.user_info.encrypted is not None:
            parse_ciphertext(*self.user_info.encrypted)

    def read_unionid(self, app: App, openid: OpenId) -> UnionId | None:
        """Return the unionid the gateway knows of the person who logged in."""
        if self.cloud is None:
            return None
        if (self.cloud.appid, self.cloud.openid) != (app.appid, openid):
            _LOG.warning("the gateway speaks of another person than the login_code: app=%s", app.appid)
            return None
        return self.cloud.unionid
