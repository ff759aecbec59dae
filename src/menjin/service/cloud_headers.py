"""WeChat's cloud gateway (云托管) says in X-WX-* headers whom a request is from. Believed only where it is ours.

Anybody can write these headers, and whether the public entrance strips them is not documented; so they count only from
peers that `[gateway] wechat_cloud` names, each only if it stands there once, and they never say who somebody is: the
login_code does. They add a unionid to it.

Source: https://developers.weixin.qq.com/miniprogram/dev/wxcloudservice/wxcloudrun/src/development/weixin/info.html
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request

from menjin.limits.addresses import TrustedProxies, parse_address
from menjin.login.beside import CloudIdentity
from menjin.values import parse_appid, parse_openid, parse_unionid


def read_cloud_identity(request: Request, trusted: TrustedProxies) -> CloudIdentity | None:
    """Return whom a trusted gateway says the request is from; None if it does not say all of it."""
    if not trusted:
        return None
    peer = parse_address(request.client.host) if request.client is not None and request.client.host else None
    has_peer = request.client is not None and bool(request.client.host)
    if (has_peer and peer is None) or peer not in trusted:
        return None
    names = ("x-wx-source", "x-wx-appid", "x-wx-openid", "x-wx-unionid")
    source, appid, openid, unionid = (_read_one(request.headers, name) for name in names)
    try:
        found = CloudIdentity(parse_appid(appid), parse_openid(openid), parse_unionid(unionid))
    except ValueError:
        return None
    return found if source else None


def _read_one(headers: Headers, name: str) -> str:
    """Return a header that stands there once, in no other spelling a proxy might have let through."""
    other = name.replace("-", "_")
    values = [value for key, value in headers.items() if key.lower().replace("-", "_") == other]
    return values[0] if len(values) == 1 else ""
