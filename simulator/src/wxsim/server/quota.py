"""Quotas, request ids and addresses: the API about the API.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/openApi-mgnt/
"""

from __future__ import annotations

import re

import msgspec

from wxsim.errcodes import Refusal
from wxsim.server.call import ENDPOINTS, Call, Reply, endpoint, ok
from wxsim.server.tokens import credentials

RID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}")
ADDRESSES = ["101.226.62.77", "101.226.62.78", "183.3.234.152"]


class AppBody(msgspec.Struct):
    """The body of both clear_quota calls."""

    appid: str = ""
    appsecret: str = ""


class PathBody(msgspec.Struct):
    """The body of the calls about one path."""

    cgi_path: str = ""


class RidBody(msgspec.Struct):
    """The body of rid/get."""

    rid: str = ""


@endpoint("/cgi-bin/clear_quota", "POST", counted=False)
def clear_quota(call: Call) -> Reply:
    """Clear all daily counts of the calling app; ten times a month."""
    if call.body(AppBody).appid != call.app.appid:
        raise Refusal(40013)
    return _clear_all(call, call.app.appid)


@endpoint("/cgi-bin/clear_quota/v2", "POST", token=False)
def clear_quota_v2(call: Call) -> Reply:
    """Clear all daily counts by secret; parameters in the query or the body."""
    body = call.body(AppBody) if call.request.body else AppBody()
    appid = body.appid or call.query("appid")
    secret = body.appsecret or call.query("appsecret")
    return _clear_all(call, credentials(call, appid, secret).appid)


def _clear_all(call: Call, appid: str) -> Reply:
    most = call.state.settings.clear_quota_per_month
    if not call.state.quotas.month(f"clear_quota {appid}", most, call.now):
        raise Refusal(48006)
    call.state.quotas.clear(appid)
    return ok()


@endpoint("/cgi-bin/openapi/quota/clear", "POST", counted=False)
def quota_clear(call: Call) -> Reply:
    """Clear the daily count of one path; fifty times a month."""
    path = _path(call)
    appid, most = call.app.appid, call.state.settings.quota_clear_per_month
    if not call.state.quotas.month(f"quota/clear {appid}", most, call.now):
        raise Refusal(45009)
    call.state.quotas.clear(appid, path)
    return ok()


@endpoint("/cgi-bin/openapi/quota/get", "POST", counted=False)
def quota_get(call: Call) -> Reply:
    """Tell the daily limit of one path and what is used of it."""
    path, settings = _path(call), call.state.settings
    limits = {
        "/cgi-bin/token": settings.legacy_token_per_day,
        "/cgi-bin/stable_token": settings.stable_per_day,
    }
    limit = limits.get(path, settings.api_per_day)
    used = call.state.quotas.today(call.app.appid, path, call.now)
    rates = {"/cgi-bin/stable_token": settings.stable_per_minute}
    rate = rates.get(path, settings.reset_key_per_minute)
    return ok(
        quota={"daily_limit": limit, "used": used, "remain": max(0, limit - used)},
        rate_limit={"call_count": rate, "refresh_second": 60},
        component_rate_limit={"call_count": 0, "refresh_second": 0},
    )


def _path(call: Call) -> str:
    path = call.body(PathBody).cgi_path
    if path.startswith("/sns/"):
        raise Refusal(76022)
    if path not in ENDPOINTS:
        raise Refusal(76021)
    return path


@endpoint("/cgi-bin/openapi/rid/get", "POST")
def rid_get(call: Call) -> Reply:
    """Tell what a request id was about."""
    rid = call.body(RidBody).rid
    if not RID.fullmatch(rid):
        raise Refusal(76002)
    entry = call.state.journal.by_rid(rid)
    if entry is None:
        raise Refusal(76001)
    if entry.path.startswith("/sns/"):
        raise Refusal(76022)
    if entry.who != call.app.appid:
        raise Refusal(76003)
    if call.now - entry.at > call.state.settings.rid_memory:
        raise Refusal(76004)
    return ok(
        request={
            "invoke_time": int(entry.at),
            "cost_in_ms": 1,
            "request_url": entry.path,
            "request_body": entry.body.decode(errors="replace"),
            "response_body": entry.answer.decode(errors="replace"),
            "client_ip": entry.client_ip,
        }
    )


@endpoint("/cgi-bin/get_api_domain_ip", "GET")
@endpoint("/cgi-bin/getcallbackip", "GET")
def addresses(call: Call) -> Reply:
    """List WeChat's own addresses (invented ones)."""
    del call
    return {"ip_list": ADDRESSES}


class CheckBody(msgspec.Struct):
    """The body of callback/check."""

    action: str = ""
    check_operator: str = "DEFAULT"


@endpoint("/cgi-bin/callback/check", "POST")
def callback_check(call: Call) -> Reply:
    """Answer the network check of the push URL: all is well."""
    body = call.body(CheckBody)
    if body.action not in {"all", "dns", "ping"}:
        raise Refusal(40097)
    if body.check_operator not in {"DEFAULT", "CHINANET", "UNICOM", "CAP"}:
        raise Refusal(40097)
    line = {"ip": "127.0.0.1", "real_operator": body.check_operator}
    reply: Reply = {}
    if body.action != "ping":
        reply["dns"] = [line]
    if body.action != "dns":
        ping = {"ip": "127.0.0.1", "from_operator": body.check_operator}
        reply["ping"] = [{**ping, "package_loss": "0%", "time": "1.000ms"}]
    return reply
