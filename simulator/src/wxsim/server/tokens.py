"""Asking for access_tokens: the legacy call and the stable one.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/
"""

from __future__ import annotations

import msgspec

from wxsim.errcodes import Refusal
from wxsim.models import App, Token
from wxsim.server.call import Call, Reply, endpoint


class StableBody(msgspec.Struct):
    """The body of a stable_token call."""

    grant_type: str = ""
    appid: str = ""
    secret: str = ""
    force_refresh: bool = False


@endpoint("/cgi-bin/token", "GET", token=False)
def token(call: Call) -> Reply:
    """Issue a new token; the one before works on for five minutes."""
    if call.query("grant_type") != "client_credential":
        raise Refusal(40002)
    app = _issuing(call, credentials(call, call.query("appid"), call.query("secret")))
    limit = call.state.settings.legacy_token_per_day
    call.state.quotas.day(app.appid, call.request.path, limit, call.now)
    return _reply(call, *call.state.tokens.legacy(app.appid, call.now))


@endpoint("/cgi-bin/stable_token", "POST", token=False)
def stable_token(call: Call) -> Reply:
    """Return the token in force, or replace it by force."""
    body, path, settings = call.body(StableBody), call.request.path, call.state.settings
    if body.grant_type != "client_credential":
        raise Refusal(40002)
    app = _issuing(call, credentials(call, body.appid, body.secret))
    call.state.quotas.minute(f"{path} {app.appid}", settings.stable_per_minute, call.now)
    call.state.quotas.day(app.appid, path, settings.stable_per_day, call.now)
    tokens = call.state.tokens
    issue = tokens.force if body.force_refresh else tokens.stable
    return _reply(call, *issue(app.appid, call.now))


def credentials(call: Call, appid: str, secret: str) -> App:
    """Return the app behind an appid and its secret.

    Raises:
        Refusal: 41002, 41004, 40013 or 40125.
    """
    for value, errcode in ((appid, 41002), (secret, 41004)):
        if not value:
            raise Refusal(errcode)
    app = call.state.apps.get(appid)
    if app is None:
        raise Refusal(40013)
    if app.secret != secret:
        raise Refusal(40125)
    return app


def _issuing(call: Call, app: App) -> App:
    """Return an app that may be issued tokens at this address.

    Raises:
        Refusal: 40164 or the app's own token_errcode.
    """
    if app.token_errcode:
        raise Refusal(app.token_errcode)
    address = call.request.client_ip
    if not call.state.rules.ip_allowed(app, address):
        raise Refusal(40164, f"invalid ip {address} ipv6 ::ffff:{address}, not in whitelist")
    return app


def _reply(call: Call, text: str, issued: Token) -> Reply:
    return {"access_token": text, "expires_in": int(issued.expires_at - call.now)}
