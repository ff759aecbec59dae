"""The apps (mini programs) this installation serves, and what holds for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from menjin.errors import ConfigurationError, Fault, RequestInvalid
from menjin.values import AppId, Secret, is_text

SignInPolicy = Literal["open", "bound"]
DevicePolicy = Literal["many", "one_per_device", "single"]
PhoneMatch = Literal["bind", "confirm", "never"]

_LIKE_AN_APPID = re.compile(r"(?i)wx[0-9a-f]{16}")
TokenMode = Literal["stable", "legacy"]
STABLE: TokenMode = "stable"
LEGACY: TokenMode = "legacy"


@dataclass(frozen=True, slots=True)
class App:
    """One mini program.

    Attributes:
        appid: WeChat's id, `wx` and 16 hex digits.
        app_secret: WeChat's AppSecret.
        sign_in: `open` makes an account at the first login; `bound` leaves the session without one
            until the person binds an account the business already has.
        realm: Apps of one realm share accounts.
        open_platform: Apps of one WeChat Open Platform account share unionids; None if bound to none.
        idle_timeout: A session unused for so long expires.
        absolute_lifetime: A session this old expires however much it is used.
        devices: `many` sessions of one identity, at most `max_sessions`; `one_per_device`, so that a device
            that signs in again replaces its own; or a `single` one, the newest.
        max_sessions: The oldest beyond it is replaced.
        follow_wechat: How often WeChat is asked whether the session_key still is good, at least 10 minutes; the
            sessions of one that is not end. None, the default: a session has a life of its own.
        reset_key_at_sign_out: Whether WeChat replaces the session_key when the person signs out.
        alias: A name of ours for it, good wherever the appid is.
        phone_match: What a verified number does that an account has to which no WeChat identity leads: `bind` to it,
            bind once the person said so (`confirm`), or `never`.
        tenants: The divisions of the business a login may name; none, and it may name none.
        token_mode: The access_token by `stable_token`, or by the `legacy` `/cgi-bin/token`, each call of which kills
            the token before.
    """

    appid: AppId
    app_secret: Secret
    sign_in: SignInPolicy = "open"
    realm: str = "default"
    open_platform: str | None = None
    idle_timeout: timedelta = timedelta(days=7)
    absolute_lifetime: timedelta = timedelta(days=30)
    devices: DevicePolicy = "many"
    max_sessions: int = 20
    follow_wechat: timedelta | None = None
    reset_key_at_sign_out: bool = False
    alias: str | None = None
    phone_match: PhoneMatch = "confirm"
    tenants: frozenset[str] = frozenset()

    def check_tenant(self, tenant: str | None) -> None:
        """See that a login may name `tenant`.

        Raises:
            RequestInvalid: It may not.
        """
        if tenant is not None and tenant not in self.tenants:
            raise RequestInvalid(Fault("tenant", "not a tenant of this app"))

    token_mode: TokenMode = STABLE


class Apps:
    """The apps by appid and by alias."""

    def __init__(self, apps: Iterable[App]) -> None:
        found: dict[str, App] = {}
        for app in apps:
            if app.appid in found:
                raise ConfigurationError([Fault("apps", f"{app.appid} stands twice 重复")])
            found[app.appid] = app
        for app in found.copy().values():
            if app.alias is not None and (_LIKE_AN_APPID.match(app.alias) or app.alias in found):
                raise ConfigurationError(
                    [Fault("apps", f"the alias {app.alias} stands twice, or is like an appid 别名重复或像 appid")]
                )
            if app.alias is not None:
                found[app.alias] = app
        if not found:
            raise ConfigurationError([Fault("apps", "there is none; name at least one mini program")])
        self._apps: Mapping[str, App] = found

    def get(self, appid: str) -> App:
        """Return the app of an appid or alias.

        Raises:
            RequestInvalid: It is not one of ours.
        """
        app = self._apps.get(appid) if is_text(appid) else None  # a list would be no key
        if app is None:
            raise RequestInvalid(Fault("appid", "not an app of this installation"))
        return app

    def all(self) -> tuple[App, ...]:
        """Return every app."""
        return tuple(app for name, app in self._apps.items() if name == app.appid)

    def list_sisters(self, app: App) -> tuple[AppId, ...]:
        """Return the apps of the same realm and Open Platform account, `app` among them; none without the latter."""
        if app.open_platform is None:
            return ()
        same = (one for one in self.all() if (one.realm, one.open_platform) == (app.realm, app.open_platform))
        return tuple(one.appid for one in same)
