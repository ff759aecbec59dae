"""The demo's first page, and the login as curl lines that can be pasted as they stand."""

from __future__ import annotations

from html import escape
from typing import Protocol

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from wxsim import FIRST_APPID

_PAGE = """<!doctype html>
<html lang="zh">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>menjin 门禁 · demo</title>
<style>
 body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }}
 pre {{ background: #f3f5f4; padding: 1rem; overflow-x: auto; border-radius: 6px; font-size: 13px }}
 a {{ color: #06703a }}
</style>
<h1>menjin 门禁</h1>
<p>这里运行着两个服务：menjin（登录服务）和 wxsim（模拟的微信，不是真的微信）。<br>
Two services run here: menjin, the login service, and wxsim, a simulated WeChat (not the real one).</p>
<p><b><a href="{page}/">打开手机 Open the phone: {page}/</a></b></p>
<ul>
<li>menjin: <a href="{menjin}/readyz">{menjin}</a> · <a href="{menjin}/openapi.json">openapi.json</a></li>
<li>wxsim: <a href="{wechat}/">{wechat}</a> · <a href="{wechat}/_sim/journal">journal 谁说了什么</a></li>
<li>会员 member: <code>{member}</code> / <code>{password}</code></li>
</ul>
<p>把下面各行粘贴到终端，就走完一次登录。Paste these lines into a shell to walk one login.</p>
<pre>{curl}</pre>
<p>一次走完并解释每一步 / the same, with every hop explained: <code>scripts/demo --walk</code></p>
</html>
"""


class Addresses(Protocol):
    """Where the demo's servers are."""

    @property
    def menjin(self) -> str:
        """Where menjin is."""

    @property
    def wechat(self) -> str:
        """Where the simulated WeChat is."""

    @property
    def page(self) -> str:
        """Where the page is."""


def page_route(house: Addresses, member: str, password: str) -> Route:
    """Return the route of `/`."""
    menjin, wechat = house.menjin, house.wechat
    curl = curl_lines(menjin, wechat, member, password)
    page = _PAGE.format(
        menjin=menjin, wechat=wechat, page=house.page, member=member, password=password, curl=escape(curl)
    )

    async def show(_request: Request) -> Response:
        return HTMLResponse(page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})

    return Route("/", show)


def curl_lines(menjin: str, wechat: str, member: str, password: str) -> str:
    """Return the login as shell lines: each can be pasted as it stands, after those above it."""
    phone = f"{wechat}/_wx/{FIRST_APPID}/ming"
    auth = '-H "Authorization: Bearer $TOKEN"'
    json = "-H 'Content-Type: application/json'"
    return f"""\
# 1 手机 the phone: wx.login gives a login_code
CODE=$(curl -s -X POST {phone}/login | sed 's/.*"code":"\\([^"]*\\)".*/\\1/'); echo "$CODE"
# 2 登录 sign in: the login_code becomes a session_token
TOKEN=$(curl -s {menjin}/v1/sessions {json} \\
  -d '{{"appid":"{FIRST_APPID}","login_code":"'"$CODE"'"}}' \\
  | tee /dev/stderr | sed 's/.*"session_token":"\\([^"]*\\)".*/\\1/')
# 3 我是谁 who am I
curl -s {menjin}/v1/session {auth}
# 4 手机号 the phone number: wx encrypts it, menjin opens it
TAP=$(curl -s -X POST '{phone}/getPhoneNumber?tap=1')
DATA=$(echo "$TAP" | sed 's/.*"encryptedData":"\\([^"]*\\)".*/\\1/')
IV=$(echo "$TAP" | sed 's/.*"iv":"\\([^"]*\\)".*/\\1/')
curl -s {menjin}/v1/phone {auth} {json} -d '{{"encrypted_data":"'"$DATA"'","iv":"'"$IV"'"}}'
# 5 绑定 bind to the member of the business; the token rotates
TOKEN=$(curl -s {menjin}/v1/binding {auth} {json} \\
  -d '{{"method":"password","username":"{member}","password":"{password}"}}' \\
  | tee /dev/stderr | sed 's/.*"session_token":"\\([^"]*\\)".*/\\1/')
# 6 再登录 a second login: silent, and bound
CODE=$(curl -s -X POST {phone}/login | sed 's/.*"code":"\\([^"]*\\)".*/\\1/')
curl -s {menjin}/v1/sessions {json} -d '{{"appid":"{FIRST_APPID}","login_code":"'"$CODE"'"}}'
# 7 退出 sign out, and be refused
curl -s -X DELETE {menjin}/v1/session {auth}; curl -s {menjin}/v1/session {auth}
"""
