"""The page at ``/``: says what this is and how to go on."""

from __future__ import annotations

from wxsim.wire import Response

PAGE = """<!doctype html><meta charset="utf-8"><title>wxsim</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:46em;margin:3em auto;padding:0 1em}
pre{background:#f3f3f3;padding:1em;overflow:auto}</style>
<h1>wxsim</h1>
<p><b>这是模拟器，不是微信。</b>它按微信的行为应答小程序登录，没有真实用户、真实数据或真实密钥。<br>
<b>This is a simulator, not WeChat.</b> It answers mini-program logins as WeChat would; nobody and
nothing in it is real.</p>
<p>登录一次 · Log in once:</p>
<pre>curl -X POST "$WXSIM/_wx/wxde30000000000001/ming/login"
curl "$WXSIM/sns/jscode2session?appid=wxde30000000000001\\
&amp;secret=01010101010101010101010101010101&amp;js_code=CODE&amp;grant_type=authorization_code"</pre>
<p>接着看 · Then look at: <a href="/_sim">/_sim</a> (控制 · control),
<a href="/_sim/people">/_sim/people</a>, <a href="/_sim/apps">/_sim/apps</a>,
<a href="/_sim/settings">/_sim/settings</a>, <a href="/_sim/journal">/_sim/journal</a>.</p>
"""


def page() -> Response:
    """Return the page."""
    return Response(200, {"content-type": "text/html; charset=utf-8"}, PAGE.encode())
