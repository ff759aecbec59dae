"""What a login says beside its code: the tenant, and what a trusted gateway knows of the person."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from menjin.apps import App
from menjin.values import AppId, OpenId, UnionId

_LOG = logging.getLogger("menjin.accounts")


@dataclass(frozen=True, slots=True)
class CloudIdentity:
    """Whom WeChat's own gateway says a request is from; made only where that gateway is trusted."""

    appid: AppId
    openid: OpenId
    unionid: UnionId


@dataclass(frozen=True, slots=True)
class Beside:
    """What a login says beside its code.

    Attributes:
        tenant: A division of the business, of those the app allows.
        cloud: What a trusted gateway knows; it adds a unionid, and never says who somebody is.
    """

    tenant: str | None = None
    cloud: CloudIdentity | None = None

    def read_unionid(self, app: App, openid: OpenId) -> UnionId | None:
        """Return the unionid the gateway knows of the person who logged in."""
        if self.cloud is None:
            return None
        if (self.cloud.appid, self.cloud.openid) != (app.appid, openid):
            _LOG.warning("the gateway speaks of another person than the login_code: app=%s", app.appid)
            return None
        return self.cloud.unionid
