"""Apps, payments and session_keys, seen from the console and from above."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from wxsim.control.desk import Order, Wrong, patched, route
from wxsim.models import App

APPID = re.compile(r"wx[0-9a-f]{16}")


@route("GET", "apps")
def list_apps(order: Order) -> object:
    """List the apps, or show one."""
    if order.rest:
        return order.state.app(order.rest[0])
    return {"apps": list(order.state.apps.values())}


@route("POST", "apps")
def put_app(order: Order) -> object:
    """Add an app, or change the fields given, such as ``open_platform``."""
    state, fields = order.state, order.fields()
    appid = order.rest[0] if order.rest else fields.get("appid")
    if not isinstance(appid, str) or not APPID.fullmatch(appid):
        detail = "an appid is wx and 16 lower-case hex digits"
        raise Wrong(detail)
    old = state.apps.get(appid) or App(appid, state.dice.hexadecimal(32, "secret", appid))
    return state.add_app(patched(App, old, {**fields, "appid": appid}))


@route("DELETE", "apps")
def remove_app(order: Order) -> object:
    """Close an app's account."""
    appid = order.rest[0] if order.rest else ""
    order.state.app(appid)
    del order.state.apps[appid]
    return {"removed": appid}


class PaymentOrder(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a payment; ids left out are made up."""

    appid: str
    person: str
    mch_id: str = ""
    out_trade_no: str = ""


@route("POST", "payments")
def pay(order: Order) -> object:
    """Let a person pay in an app."""
    wish, state = order.read(PaymentOrder), order.state
    state.app(wish.appid)
    state.person(wish.person)
    return state.payments.make(wish.appid, wish.person, order.now, wish.mch_id, wish.out_trade_no)


class PrefetchOrder(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a cold start with data pre-fetch."""

    appid: str
    person: str
    path: str = ""
    query: str = ""
    scene: int = 1001


@route("POST", "prefetch")
def prefetch(order: Order) -> object:
    """Return the query WeChat's servers send to the developer at a cold start.

    Without a token it carries a login_code, and the session_key may rotate.
    Source: https://developers.weixin.qq.com/miniprogram/dev/framework/ability/pre-fetch.html
    """
    wish, state = order.read(PrefetchOrder), order.state
    state.app(wish.appid)
    token = state.person(wish.person).fetch_tokens.get(wish.appid)
    query: dict[str, object] = {"appid": wish.appid, "timestamp": int(order.now)}
    if token is None:
        query["code"] = state.login_code(wish.appid, wish.person, order.now)
    else:
        query["token"] = token
    return {**query, "path": wish.path, "query": wish.query, "scene": wish.scene}


class KeyOrder(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an order about a session_key."""

    appid: str
    person: str
    do: Literal["rotate", "expire"]


@route("POST", "session-keys")
def touch_session_key(order: Order) -> object:
    """Rotate or expire somebody's session_key behind everybody's back."""
    wish, keys = order.read(KeyOrder), order.state.session_keys
    order.state.app(wish.appid)
    order.state.person(wish.person)
    if wish.do == "expire":
        keys.expire(wish.appid, wish.person)
    else:
        keys.rotate(wish.appid, wish.person, order.now)
    return {"done": wish.do}


@route("GET", "phone-ledger")
def phone_ledger(order: Order) -> object:
    """Tell what the phone button has cost an app, or all apps."""
    appid = order.request.query.get("appid", "")
    lines = [line for line in order.state.phone_ledger.lines if appid in {"", line.appid}]
    return {"calls": lines, "fen": sum(line.fen for line in lines)}
