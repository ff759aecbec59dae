"""wx.request, uploadFile and downloadFile by way of the simulator, for what cannot send them itself.

A page in a browser may neither set Referer nor reach other hosts; wxsim sends for it,
to the domains of the app only. JSON has no ArrayBuffer: bytes go in as
``dataBase64`` and come back so with ``responseType`` ``base64`` or ``arraybuffer``.

Source: https://developers.weixin.qq.com/miniprogram/dev/api/network/request/wx.request.html
"""

from __future__ import annotations

import base64
import binascii
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import msgspec

from wxsim import outing
from wxsim.phone.hand import Answer, Hand, Out, WxFail, api
from wxsim.phone.message import body_of, headers_of, with_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wxsim.models import App, Device

METHODS = ("OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT")
WITHOUT_BODY = ("GET", "HEAD")
DEFAULT_TIMEOUT = 60_000
LONGEST_TIMEOUT = 600_000
DEFAULT_PORTS = {"http": 80, "https": 443}


@api("checkDomain")
def check_domain(hand: Hand) -> Answer:
    """Say whether the app may send requests to an address (no call of wx: for phones that send themselves)."""
    return {"allowed": allowed(hand.app, hand.text("url"))}


@api("request", goes_out=True)
@api("uploadFile", goes_out=True)
@api("downloadFile", goes_out=True)
def request(hand: Hand) -> Answer:
    """Send a request for the phone.

    Raises:
        Out: always; what comes back is the answer.
        WxFail: the options are wrong, the domain is not the app's, or there is no network.
    """
    errand = _read(hand)
    if not allowed(hand.app, errand.url):
        reason = "url not in domain list"
        raise WxFail(reason, 600002)
    _through(hand.device)
    options = hand.options
    raise Out(partial(_exchange, errand, options.get("dataType", "json"), options.get("responseType")))


def _read(hand: Hand) -> outing.Outing:
    options = hand.options
    url = _url(hand)
    method = str(options.get("method") or ("POST" if hand.api == "uploadFile" else "GET")).upper()
    if method not in METHODS:
        reason = "invalid method"
        raise WxFail(reason, 1001)
    headers = headers_of(options.get("header"))
    if hand.api != "downloadFile":
        headers.setdefault("content-type", "application/json")
    body = b""
    if method in WITHOUT_BODY:
        url = with_query(url, options.get("data"))
    else:
        body = _bytes(options) or body_of(options.get("data"), headers.get("content-type", ""))
    headers["Referer"] = referer(hand.app, hand.device)
    return outing.Outing(
        url=url,
        method=method,
        headers=headers,
        body=body,
        seconds=_seconds(options),
        follows=options.get("redirect") != "manual",
        may_go=partial(allowed, hand.app),
    )


def _url(hand: Hand) -> str:
    url = hand.text("url")
    try:
        parts = urlsplit(url)
        well_formed = parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well_formed = False
    if not well_formed or parts.username is not None:
        reason = f'invalid url "{url}"'
        raise WxFail(reason, 600009)
    # What a mini program writes unescaped, such as Chinese in a path, goes out escaped.
    return quote(url, safe="%/:=&?~#+!$,;'@()*[]|")


def _bytes(options: Mapping[str, object]) -> bytes:
    given = options.get("dataBase64")
    if not isinstance(given, str):
        return b""
    try:
        return base64.b64decode(given, validate=True)
    except binascii.Error:
        reason = "dataBase64 is not base64"
        raise WxFail(reason, 600010) from None


def _seconds(options: Mapping[str, object]) -> float:
    timeout = options.get("timeout")
    if not isinstance(timeout, int | float) or not 0 < timeout <= LONGEST_TIMEOUT:
        timeout = DEFAULT_TIMEOUT
    return timeout / 1000


def _through(device: Device) -> None:
    if device.network == "none":
        raise outing.broken(-106, "ERR_INTERNET_DISCONNECTED")
    if device.network == "weak":
        reason = "timeout"
        raise WxFail(reason, 5)


def _exchange(errand: outing.Outing, data_type: object, response_type: object) -> Answer:
    back = errand.run()
    answer: Answer = {"statusCode": back.status, "header": back.headers, "cookies": back.cookies}
    if response_type in {"base64", "arraybuffer"}:
        answer["dataBase64"] = base64.b64encode(back.body).decode()
    else:
        answer["data"] = _data(back.body, data_type)
    return answer


def _data(body: bytes, data_type: object) -> object:
    text = body.decode("utf-8-sig", errors="replace")
    if data_type != "json":
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def referer(app: App, device: Device) -> str:
    """Return the Referer that the runtime sets: 0 stands for every version that is no release."""
    version = "devtools" if device.platform == "devtools" else str(app.release) if app.env == "release" else "0"
    return f"https://servicewechat.com/{app.appid}/{version}/page-frame.html"


def allowed(app: App, url: str) -> bool:
    """Say whether an address is one of the app's domains; scheme, host and port must match exactly.

    A domain without a port refuses even ``:443``, as WeChat does.
    """
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{(parts.netloc or '').rpartition('@')[2].lower()}"
    except ValueError:
        return False
    domains = (name if "://" in name else f"https://{name}" for name in app.domains)
    return origin in {name.rstrip("/").lower() for name in domains}
