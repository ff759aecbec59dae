"""The phone's network: wx.request and wx.uploadFile, carried out for the browser, to the app's own domains only."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import aiohttp

_METHODS = frozenset({"OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"})
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_SECONDS = 60


class Errands:
    """Runs them.

    Args:
        hosts: Where the names of the mini program's servers lead in this demo: origin to URL.
        appid: Goes into the Referer, as WeChat sets it.
    """

    def __init__(self, hosts: Mapping[str, str], appid: str) -> None:
        self._hosts = hosts
        self._referer = f"https://servicewechat.com/{appid}/1/page-frame.html"
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Begin to keep connections."""
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=_SECONDS)
        )

    async def close(self) -> None:
        """Close them."""
        if self._http is not None:
            await self._http.close()

    def resolve(self, url: str) -> str | None:
        """Return where a URL of the mini program leads; None if the app has no such domain."""
        parts = urlsplit(url)
        target = self._hosts.get(f"{parts.scheme}://{parts.netloc}")
        if target is None:
            return None
        to = urlsplit(target)
        return urlunsplit((to.scheme, to.netloc, parts.path, parts.query, ""))

    async def request(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out wx.request; return its success or fail object."""
        method = str(options.get("method", "GET")).upper()
        url = str(options.get("url", ""))
        if method not in _METHODS:
            return {"errMsg": "request:fail method is invalid", "errno": 600009}
        headers = _header(options)
        data = options.get("data")
        if method in _BODILESS:
            if isinstance(data, dict):
                url += ("&" if "?" in url else "?") + urlencode(data)
            return await self._send("request", method, url, headers, None)
        return await self._send("request", method, url, headers, _body(data, headers))

    async def upload(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out wx.uploadFile; the file comes in base64."""
        try:
            content = base64.b64decode(str(options.get("file", "")), validate=True)
        except (ValueError, binascii.Error):
            content = b""
        if not content:
            return {"errMsg": "uploadFile:fail file not found"}
        form = aiohttp.FormData()
        for name, value in dict(options.get("formData") or {}).items():
            form.add_field(name, str(value))
        kind = str(options.get("fileType") or "application/octet-stream")
        form.add_field(str(options.get("name", "file")), content, filename="tmp.png", content_type=kind)
        headers = {name: value for name, value in _header(options).items() if name.lower() != "content-type"}
        return await self._send("uploadFile", "POST", str(options.get("url", "")), headers, form)

    async def fetch(self, url: str) -> tuple[int, str, bytes]:
        """Fetch a picture; return status, content type and body."""
        target = self.resolve(url)
        if target is None or self._http is None:
            return 404, "text/plain", b""
        async with self._http.get(target, allow_redirects=False) as reply:
            return reply.status, reply.content_type, await reply.read()

    async def _send(
        self, api: str, method: str, url: str, headers: dict[str, str], body: Any  # noqa: ANN401 - bytes or a form
    ) -> dict[str, Any]:
        target = self.resolve(url)
        if target is None:
            return {"errMsg": f"{api}:fail url not in domain list", "errno": 600002}
        if self._http is None:
            raise RuntimeError("open() first")
        headers["Referer"] = self._referer
        try:
            async with self._http.request(method, target, data=body, headers=headers, allow_redirects=False) as reply:
                text = (await reply.read()).decode(errors="replace")
                found = {name: ",".join(reply.headers.getall(name)) for name in reply.headers}
                return {"errMsg": f"{api}:ok", "statusCode": reply.status, "header": found, "data": text, "cookies": []}
        except TimeoutError:
            return {"errMsg": f"{api}:fail timeout", "errno": 5}
        except aiohttp.ClientError:
            text = "errcode:-102 cronet_error_code:-102 error_msg:net::ERR_CONNECTION_REFUSED"
            return {"errMsg": f"{api}:fail {text}", "errno": 600001}


def _header(options: Mapping[str, Any]) -> dict[str, str]:
    given = options.get("header")
    found = {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    return {name: value for name, value in found.items() if name.lower() not in {"referer", "host", "content-length"}}


def _body(data: object, headers: dict[str, str]) -> bytes | None:
    if data is None:
        return None
    names = {name.lower(): name for name in headers}
    if "content-type" not in names:
        headers["content-type"] = "application/json"
        names["content-type"] = "content-type"
    if isinstance(data, str):
        return data.encode()
    if "x-www-form-urlencoded" in headers[names["content-type"]] and isinstance(data, dict):
        return urlencode(data).encode()
    return json.dumps(data, ensure_ascii=False).encode()
